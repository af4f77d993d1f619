/** Parts of the data bench that are Marmalade's: write a feed to a file, append, ingest, open. */
import { closeSync, openSync, writeSync } from 'node:fs'
import type { Clock, EntryKey } from '../../lib/base/index.ts'
import { systemClock } from '../../lib/base/node/clock.ts'
import { type HeadPosition, signEntry } from '../../lib/entry/index.ts'
import { generateIdentity, type Identity, nodeCrypto } from '../../lib/keys/index.ts'
import { homeAt, openHome, openHomeStore, type Store } from '../../lib/store/index.ts'
import { bytesUnder } from '../kit/folders.ts'
import { serveParts } from '../kit/part.ts'
import { author, inFlight, payloadAt, readRecords } from './jam-entries.ts'

const IN_FLIGHT = 64
/** Three frames of gossip, as lib/gossip/intake takes them in together. */
const RUN_BYTES = 3 * 65_536
const START_MICROS = 1_700_000_000_000_000

const open = (folder: string, { id, signer }: Identity, clock: Clock = systemClock): Promise<Store> =>
  openHomeStore(openHome(folder), { identity: id, signer, crypto: nodeCrypto, clock })

async function timed(work: () => Promise<unknown>): Promise<{ ms: number; cpu: number }> {
  const before = process.cpuUsage()
  const began = performance.now()
  await work()
  const ms = performance.now() - began
  const { user, system } = process.cpuUsage(before)
  return { ms, cpu: (user + system) / 1e6 }
}

await serveParts({
  /** Signs a chain and writes it to a file of records. */
  async write(file, count) {
    const { id, signer } = author()
    const descriptor = openSync(file, 'w')
    let parent: EntryKey | null = null
    let bytes = 0
    for (let n = 0; n < Number(count); n++) {
      const fields = { identity: id, parent, comparable: START_MICROS + n * 1_000, synod: null, payload: payloadAt(n) }
      const entry = signEntry(fields, signer, nodeCrypto)
      const length = Buffer.alloc(4)
      length.writeUInt32LE(entry.bytes.length)
      writeSync(descriptor, Buffer.concat([length, entry.bytes]))
      parent = entry.key
      bytes += entry.bytes.length
    }
    closeSync(descriptor)
    return { bytes, head: parent, comparable: START_MICROS + (Number(count) - 1) * 1_000 }
  },

  /** Appends, each synced to disk before it counts, 64 at a time. */
  async append(folder, count) {
    const store = await open(folder, author())
    const spent = await timed(() => inFlight(Number(count), IN_FLIGHT, (n) => store.append(payloadAt(n))))
    await store.close()
    return { ...spent, disk: bytesUnder(homeAt(folder).db) }
  },

  /** Takes a feed in by runs of up to 64 KiB, one after another, as gossip hands them over. */
  async ingest(folder, file, count, key, comparable) {
    const { id } = author()
    const store = await open(folder, generateIdentity())
    const announced: HeadPosition = { key: key as EntryKey, comparable: Number(comparable) }
    const ingest = async (run: readonly Uint8Array[]): Promise<void> => {
      const { kind } = await store.ingest(id, run, announced)
      if (kind !== 'adopted') throw new Error(`a run was ${kind}`)
    }
    const spent = await timed(async () => {
      let run: Uint8Array[] = []
      let bytes = 0
      for (const record of readRecords(file)) {
        if (bytes + record.length > RUN_BYTES) {
          await ingest(run)
          run = []
          bytes = 0
        }
        run.push(record)
        bytes += record.length
      }
      await ingest(run)
    })
    const head = await store.head(id)
    if (head?.count !== Number(count)) throw new Error(`${head?.count ?? 0} entries arrived of ${count}`)
    await store.close()
    return { ...spent, disk: bytesUnder(homeAt(folder).db) }
  },

  /** Opens a store that is there, until its feed's head and its newest entries are known. */
  async open(folder) {
    const identity = generateIdentity()
    const began = performance.now()
    const store = await open(folder, identity)
    await store.head(author().id)
    const ms = performance.now() - began
    const asked = performance.now()
    let found = 0
    for await (const entry of store.byType('play', { limit: 20 })) found += entry.bytes.length > 0 ? 1 : 0
    const query = performance.now() - asked
    await store.close()
    return { ms, query, found }
  },
})
