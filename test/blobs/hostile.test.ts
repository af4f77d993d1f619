import test from 'tape'
import { blobIdOf, concat } from '../../lib/base/index.ts'
import type { BlobId } from '../../lib/base/index.ts'
import { decodeBlobFrame, encodeBlobFrame } from '../../lib/blobs/index.ts'
import type { BlobFrame } from '../../lib/blobs/index.ts'
import { blobNode, bytesOf, linkBlobs } from '../helpers/blobs.ts'
import type { BlobNode } from '../helpers/blobs.ts'
import { collect, identityNamed } from '../helpers/chains.ts'
import { duplexPair, type DuplexPair } from '../helpers/duplex.ts'

const [ann, ben, cy] = [identityNamed('ann'), identityNamed('ben'), identityNamed('cy')]
const SIZE = 3_000_000

test('blobs: a source that trickles is left for another that has the blob, and what came is not fetched again', async (t) => {
  const a = await blobNode(ann, { limits: { stallAfter: 300, leastBytes: SIZE } })
  const quick = await blobNode(cy)
  const bytes = bytesOf(SIZE, 12)
  const { id } = await quick.store.add([bytes])
  const raw = tricklingPeer(a, id, bytes)
  const done = a.blobs.want(id)
  await raw.asked
  let pieces = 0
  linkBlobs(a, quick, (frame) => {
    if (decodeBlobFrame(frame)?.type === 'data') pieces++
    return frame
  })
  await done
  raw.stop()
  t.deepEqual(concat(await collect(a.store.read(id))), bytes)
  t.ok(pieces > 0 && pieces < Math.ceil(SIZE / 65_536), `${pieces} of ${Math.ceil(SIZE / 65_536)} came from the other`)
  for (const node of [a, quick]) await node.close()
  t.end()
})

/** A peer that says it has a blob and gives a piece of it every so many milliseconds. */
function tricklingPeer(node: BlobNode, id: BlobId, bytes: Uint8Array, every = 100) {
  const pair = duplexPair()
  void node.blobs.link(ben.id, pair.a)
  const push = (frame: Exclude<BlobFrame, { type: 'optional' }>): void =>
    void pair.b.push(encodeBlobFrame(frame)).catch(() => undefined)
  push({ type: 'hello', version: 1 })
  const pulls: Extract<BlobFrame, { type: 'pull' }>[] = []
  const asked = new Promise<void>((resolve) => void serve(resolve))
  async function serve(onPull: () => void): Promise<void> {
    for await (const raw of pair.b.source) {
      const frame = decodeBlobFrame(raw)
      if (frame?.type === 'want') push({ type: 'have', blobs: [{ blob: id, size: bytes.length }] })
      if (frame?.type !== 'pull') continue
      pulls.push(frame)
      onPull()
    }
  }
  const give = (): void => {
    const next = pulls.shift()
    if (!next) return
    push({ type: 'data', request: next.request, bytes: bytes.slice(next.offset, next.offset + next.length) })
  }
  const timer = setInterval(give, every)
  return { asked, stop: () => clearInterval(timer) }
}

test('blobs: a peer that wants 10,000 blobs is taken as slowly as it may ask, and others are served beside it', async (t) => {
  const [a, b] = [await blobNode(ann), await blobNode(ben)]
  // A node's sockets keep its process; here nothing else does while a peer waits for its turn.
  const alive = setInterval(() => undefined, 1_000)
  const pair = duplexPair()
  let read = 0
  const hostile = a.blobs.link(cy.id, { ...pair.a, source: counted(pair.a.source, () => read++) })
  await pair.b.push(encodeBlobFrame({ type: 'hello', version: 1 }))
  const bytes = bytesOf(SIZE, 13)
  const { id } = await a.store.add([bytes])
  linkBlobs(a, b)
  const began = performance.now()
  const asking = wantMany(pair)
  await b.blobs.want(id)
  t.deepEqual(concat(await collect(b.store.read(id))), bytes, 'the other got what it asked for')
  const seconds = (performance.now() - began) / 1_000
  // After the hello: what it may name, and the frame by which it goes beyond.
  t.ok((read - 1) * 1_000 <= 256 + 500 * seconds + 1_000, `${read - 1} frames in ${seconds.toFixed(1)} s`)
  pair.cut()
  await Promise.all([asking, hostile])
  for (const node of [a, b]) await node.close()
  clearInterval(alive)
  t.end()
})

async function* counted(source: AsyncIterable<Uint8Array>, onRead: () => void): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    onRead()
    yield bytes
  }
}

/** Wants ten times 1,000 blobs that nobody has, until the link is cut. */
async function wantMany({ b }: DuplexPair): Promise<void> {
  for (let seed = 0; seed < 10_000; seed += 1_000) {
    const wants = Array.from({ length: 1_000 }, (_, n) => ({
      blob: blobIdOf(bytesOf(32, seed + n)),
      maxBytes: 1,
      hops: 1,
    }))
    await b.push(encodeBlobFrame({ type: 'want', wants })).catch(() => undefined)
  }
}

test('blobs: a source that says another size than the blob has gets nothing into the store', async (t) => {
  for (const said of [SIZE - 1, SIZE + 1]) {
    const a = await blobNode(ann)
    const bytes = bytesOf(SIZE, 14)
    const quick = await blobNode(cy)
    const { id } = await quick.store.add([bytes])
    const liar = tricklingPeer(a, id, concat([bytes, bytesOf(1, 1)]).subarray(0, said), 1)
    const done = a.blobs.want(id)
    await liar.asked
    linkBlobs(a, quick)
    await done
    liar.stop()
    t.deepEqual(concat(await collect(a.store.read(id))), bytes, `said ${said} of ${SIZE}`)
    for (const node of [a, quick]) await node.close()
  }
  t.end()
})
