import test from 'tape'
import { blobIdOf, concat } from '../../lib/base/index.ts'
import type { BlobId } from '../../lib/base/index.ts'
import { decodeBlobFrame, encodeBlobFrame } from '../../lib/blobs/index.ts'
import type { BlobFrame } from '../../lib/blobs/index.ts'
import { blobNode, bytesOf, linkBlobs } from '../helpers/blobs.ts'
import type { BlobNode } from '../helpers/blobs.ts'
import { collect, identityNamed } from '../helpers/chains.ts'
import { duplexPair } from '../helpers/duplex.ts'

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

test('blobs: a peer that wants 10,000 blobs costs bounded memory, and others are served beside it', async (t) => {
  const [a, b] = [await blobNode(ann), await blobNode(ben)]
  const pair = duplexPair()
  const hostile = a.blobs.link(cy.id, pair.a)
  await pair.b.push(encodeBlobFrame({ type: 'hello', version: 1 }))
  const bytes = bytesOf(SIZE, 13)
  const { id } = await a.store.add([bytes])
  linkBlobs(a, b)
  const served = b.blobs.want(id)
  let seed = 0
  for (let frame = 0; frame < 10; frame++) {
    const wants = Array.from({ length: 1_000 }, () => ({ blob: blobIdOf(bytesOf(32, ++seed)), maxBytes: 1, hops: 1 }))
    await pair.b.push(encodeBlobFrame({ type: 'want', wants })).catch(() => undefined)
  }
  await served
  t.deepEqual(concat(await collect(b.store.read(id))), bytes, 'the other got what it asked for')
  await hostile
  t.deepEqual(
    a.faults.map(({ code }) => code),
    ['too-many'],
    'who asks faster than the disk can look is let go',
  )
  for (const node of [a, b]) await node.close()
  t.end()
})

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
