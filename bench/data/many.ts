/** Parts of the data bench for many feeds at once: write them, take them in. */
import { mkdirSync } from 'node:fs'
import { systemClock } from '../../lib/base/node/clock.ts'
import { generateIdentity, nodeCrypto } from '../../lib/keys/index.ts'
import { homeAt, openHome, openHomeStore } from '../../lib/store/index.ts'
import { bytesUnder } from '../kit/folders.ts'
import { serveParts } from '../kit/part.ts'
import { ingestFeeds, readFeeds, writeFeeds } from './feeds.ts'

await serveParts({
  /** Signs so many feeds of so many entries and writes them into a folder. */
  async write(folder, feeds, each) {
    mkdirSync(folder, { recursive: true })
    const set = writeFeeds(folder, Number(feeds), Number(each))
    return { bytes: set.reduce((sum, { bytes }) => sum + bytes, 0) }
  },

  /** Takes feeds in, four of them at the same time, by runs of up to 64 KiB, as gossip hands them over. */
  async ingest(home, folder) {
    const { id, signer } = generateIdentity()
    const store = await openHomeStore(openHome(home), { identity: id, signer, crypto: nodeCrypto, clock: systemClock })
    const before = process.cpuUsage()
    const began = performance.now()
    await ingestFeeds(store, folder)
    const ms = performance.now() - began
    const { user, system } = process.cpuUsage(before)
    for (const { identity, count } of readFeeds(folder))
      if ((await store.head(identity))?.count !== count) throw new Error('not every entry arrived')
    await store.close()
    return { ms, cpu: (user + system) / 1e6, disk: bytesUnder(homeAt(home).db) }
  },
})
