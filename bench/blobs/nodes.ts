/** Parts of the blob bench: one node that has a blob, one that wants it. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { isBlobId } from '../../lib/base/index.ts'
import { systemClock } from '../../lib/base/node/clock.ts'
import { BlobStore } from '../../lib/blobs/index.ts'
import { Host, type Plugin } from '../../lib/host/index.ts'
import { defineContract, definePlugin } from '../../lib/host/index.ts'
import { generateIdentity } from '../../lib/keys/index.ts'
import { blobsPlugin, type BlobsApi } from '../../plugins/blobs/index.ts'
import { serveParts } from '../kit/part.ts'

const PIECE = 65_536
const MOST = 1_073_741_824

/** Strangers may have nothing: here everyone is tracked. */
const everyoneIsTracked = definePlugin({
  name: 'everyone',
  contract: defineContract({}),
  async start(host) {
    host.addRoleResolver(() => 'tracked')
    return { api: {}, handlers: {} }
  },
})

async function open(folder: string): Promise<{ host: Host; blobs: BlobsApi }> {
  const { id, keys } = generateIdentity()
  const store = await BlobStore.open({ folder, now: () => Date.now(), maxBytes: MOST })
  const plugin: Plugin<BlobsApi> = blobsPlugin({ store, clock: systemClock })
  const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
  const host = new Host({
    keys: { id, public: keys.public, private: keys.private },
    log: quiet,
    listen: { host: '127.0.0.1', port: 0 },
    plugins: [everyoneIsTracked, plugin],
  })
  await host.open()
  return { host, blobs: host.api(plugin) }
}

function* pieces(bytes: number): Iterable<Uint8Array> {
  for (let left = bytes; left > 0; left -= PIECE) yield randomBytes(Math.min(PIECE, left))
}

await serveParts({
  /** Has a blob of so many bytes, says where, and serves it until its parent lets go. */
  async give(folder, bytes) {
    const { host, blobs } = await open(folder)
    const { id } = await blobs.store.add(pieces(Number(bytes)))
    process.send?.({ address: host.addresses()[0], blob: id })
    await once(process, 'disconnect')
    await host.close()
    process.exit(0)
  },

  /** Milliseconds from the want until the blob is synced and has its name. */
  async take(folder, address, blob) {
    if (!isBlobId(blob)) throw new Error(`${blob} is no blob id`)
    const { host, blobs } = await open(folder)
    await host.connect(address)
    const before = process.cpuUsage()
    const began = performance.now()
    await blobs.want(blob, { maxBytes: MOST })
    const ms = performance.now() - began
    const { user, system } = process.cpuUsage(before)
    await host.close()
    return { ms, cpu: (user + system) / 1e6 }
  },
})
