import test from 'tape'
import { MarmaladeError, blobIdOf, concat } from '../../lib/base/index.ts'
import type { BlobId } from '../../lib/base/index.ts'
import { decodeBlobFrame, encodeBlobFrame } from '../../lib/blobs/index.ts'
import type { BlobFrame } from '../../lib/blobs/index.ts'
import { blobNode, bytesOf, linkBlobs } from '../helpers/blobs.ts'
import type { BlobNode } from '../helpers/blobs.ts'
import { collect, identityNamed } from '../helpers/chains.ts'
import { duplexPair } from '../helpers/duplex.ts'

const [ann, ben, cy] = [identityNamed('ann'), identityNamed('ben'), identityNamed('cy')]
const SIZE = 3_000_000

const closeAll = async (...nodes: BlobNode[]): Promise<void> => {
  for (const node of nodes) await node.close()
}
const code = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof MarmaladeError ? error.code : String(error)),
  )

/** Turns one bit of every piece of data. */
const flip = (bytes: Uint8Array): Uint8Array => {
  if (decodeBlobFrame(bytes)?.type !== 'data') return bytes
  const changed = bytes.slice()
  changed[1_000] = (changed[1_000] ?? 0) ^ 1
  return changed
}

test('blobs: a blob is fetched in pieces, with progress, and its hash holds', async (t) => {
  const [a, b] = [await blobNode(ann), await blobNode(ben)]
  const bytes = bytesOf(SIZE, 1)
  const { id } = await b.store.add([bytes])
  linkBlobs(a, b)
  const steps: number[] = []
  await a.blobs.want(id, { maxBytes: SIZE, onProgress: (done, size) => steps.push(done / size) })
  t.deepEqual(concat(await collect(a.store.read(id))), bytes)
  t.equal(steps.at(-1), 1, 'progress ends with all of it')
  t.ok(steps.length > 1 && steps.every((step, at) => step > (steps[at - 1] ?? 0)), 'and moves on the way')
  await a.blobs.want(id)
  t.pass('wanting what is here resolves at once')
  const empty = await b.store.add([])
  await a.blobs.want(empty.id)
  t.equal(await a.store.size(empty.id), 0, 'a blob of no bytes comes too')
  await closeAll(a, b)
  t.end()
})

test('blobs: what is wanted before anybody has it comes when somebody does', async (t) => {
  const [a, b] = [await blobNode(ann), await blobNode(ben)]
  const bytes = bytesOf(10_000, 2)
  const { id } = await b.store.add([bytes])
  await b.store.remove(id)
  linkBlobs(a, b)
  const wanted = a.blobs.want(id)
  const twice = a.blobs.want(id)
  await b.store.add([bytes])
  await Promise.all([wanted, twice])
  t.ok(await a.store.has(id))
  await closeAll(a, b)
  t.end()
})

test('blobs: a transfer that is cut goes on where it was, from another source', async (t) => {
  const [a, b, c] = [await blobNode(ann), await blobNode(ben), await blobNode(cy)]
  const bytes = bytesOf(SIZE, 3)
  const { id } = await b.store.add([bytes])
  await c.store.add([bytes])
  const first = linkBlobs(a, b)
  const done = a.blobs.want(id, { onProgress: (had) => had > SIZE / 2 && first.cut() })
  await first.ended
  let pieces = 0
  linkBlobs(a, c, (frame) => {
    if (decodeBlobFrame(frame)?.type === 'data') pieces++
    return frame
  })
  await done
  t.deepEqual(concat(await collect(a.store.read(id))), bytes)
  t.ok(
    pieces > 0 && pieces < SIZE / 65_536 / 2 + 1,
    `${pieces} of ${Math.ceil(SIZE / 65_536)} pieces came from the other`,
  )
  await closeAll(a, b, c)
  t.end()
})

test('blobs: a byte flipped by a hostile source never reaches the store; the blob is fetched elsewhere', async (t) => {
  const [a, b, c] = [await blobNode(ann), await blobNode(ben), await blobNode(cy)]
  const bytes = bytesOf(200_000, 4)
  const { id } = await b.store.add([bytes])
  const stored: BlobId[] = []
  a.store.onAdd((blob) => stored.push(blob.id))
  let lied = 0
  linkBlobs(a, b, (frame) => {
    if (decodeBlobFrame(frame)?.type === 'data') lied++
    return flip(frame)
  })
  const done = a.blobs.want(id)
  await c.store.add([bytes])
  linkBlobs(a, c)
  await done
  t.deepEqual(stored, [id], 'one blob was stored, and it is the right one')
  t.ok(lied <= 4, `the liar was asked once, for ${lied} pieces`)
  await a.store.verify(id)
  await closeAll(a, b, c)
  t.end()
})

test('blobs: a want reaches whoever is two links away, and no further', async (t) => {
  const [a, x, b] = [await blobNode(ann), await blobNode(ben), await blobNode(cy)]
  const far = await blobNode(identityNamed('dee'))
  const bytes = bytesOf(300_000, 5)
  const near = await b.store.add([bytes])
  const distant = await far.store.add([bytesOf(1_000, 6)])
  linkBlobs(a, x)
  linkBlobs(x, b)
  linkBlobs(b, far)
  const hopeless = new AbortController()
  const refused = code(a.blobs.want(distant.id, { signal: hopeless.signal }))
  await a.blobs.want(near.id)
  t.deepEqual(concat(await collect(a.store.read(near.id))), bytes, 'fetched through the one between')
  t.notOk(await b.store.has(distant.id), 'what is three links away was not asked for')
  hopeless.abort()
  t.equal(await refused, 'CANCELLED')
  await closeAll(a, x, b, far)
  t.end()
})

test('blobs: wants of strangers are not passed on, and blobs they may not have are not said to be here', async (t) => {
  const a = await blobNode(ann)
  const x = await blobNode(ben, { mayRelay: async () => false, mayServe: async () => false })
  const { id } = await x.store.add([bytesOf(1_000, 7)])
  const raw = rawBlobPeer(x)
  raw.push({ type: 'want', wants: [{ blob: id, maxBytes: 10_000, hops: 1 }] })
  raw.push({ type: 'pull', request: 3, blob: id, offset: 0, length: 1_000 })
  t.deepEqual(await raw.until('deny'), { type: 'deny', request: 3, code: 'not-served' })
  t.notOk(raw.seen.some((frame) => frame.type === 'have'))
  const watched = rawBlobPeer(x)
  raw.push({ type: 'want', wants: [{ blob: unknownBlob, maxBytes: 10_000, hops: 1 }] })
  raw.push({ type: 'pull', request: 4, blob: id, offset: 0, length: 1_000 })
  await raw.until('deny')
  watched.push({ type: 'pull', request: 0, blob: id, offset: 0, length: 1 })
  await watched.until('deny')
  t.notOk(
    watched.seen.some((frame) => frame.type === 'want'),
    'nothing was passed on',
  )
  await closeAll(a, x)
  t.end()
})

const unknownBlob = '&47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=.sha256' as BlobId

test('blobs: wants end with a code', async (t) => {
  const a = await blobNode(ann, { limits: { tooLargeAfter: 0, giveUpAfter: 2_000, maxWants: 1 } })
  const b = await blobNode(ben)
  const { id } = await b.store.add([bytesOf(5_000, 8)])
  linkBlobs(a, b)
  t.equal(await code(a.blobs.want(id, { maxBytes: 4_999 })), 'BLOB_TOO_LARGE')
  const nowhere = code(a.blobs.want(unknownBlob))
  // It is wanted once the disk has been looked at.
  while (!a.blobs.inUse(unknownBlob)) await new Promise((resolve) => setImmediate(resolve))
  t.equal(await code(a.blobs.want(id)), 'BLOB_WANTS_FULL', 'more wants than there may be')
  t.equal(await nowhere, 'BLOB_UNAVAILABLE', 'nobody had it in time')
  const last = code(a.blobs.want(unknownBlob))
  await a.close()
  t.equal(await last, 'CLOSED')
  t.equal(await code(a.blobs.want(unknownBlob)), 'CLOSED')
  await b.close()
  t.end()
})

test('blobs: a peer that breaks the protocol is left, with a code', async (t) => {
  const a = await blobNode(ann)
  const malformed = rawBlobPeer(a)
  malformed.raw(Uint8Array.of(200))
  t.equal((await malformed.until('close')).code, 'malformed')
  const unasked = rawBlobPeer(a)
  unasked.push({ type: 'data', request: 0, bytes: bytesOf(10, 1) })
  t.equal((await unasked.until('close')).code, 'unasked')
  const greedy = rawBlobPeer(a)
  const { id } = await a.store.add([bytesOf(65_536, 9)])
  greedy.push({ type: 'want', wants: [{ blob: id, maxBytes: 100_000, hops: 0 }] })
  await greedy.until('have')
  for (let request = 0; request < 200; request++)
    greedy.push({ type: 'pull', request, blob: id, offset: 0, length: 65_536 })
  t.equal((await greedy.until('close')).code, 'too-many')
  const old = rawBlobPeer(a, 0)
  t.equal((await old.until('close')).code, 'version')
  t.deepEqual(
    a.faults.map((fault) => fault.code),
    ['malformed', 'unasked', 'too-many', 'version'],
    'and it is told why',
  )
  await a.close()
  t.end()
})

/** A peer made of frames. */
function rawBlobPeer(node: BlobNode, version = 1) {
  const pair = duplexPair()
  void node.blobs.link(cy.id, pair.a)
  const frames = pair.b.source[Symbol.asyncIterator]()
  const seen: BlobFrame[] = []
  const raw = (bytes: Uint8Array): void => void pair.b.push(bytes).catch(() => undefined)
  const push = (frame: Exclude<BlobFrame, { type: 'optional' }>): void => raw(encodeBlobFrame(frame))
  push({ type: 'hello', version })
  async function until<T extends BlobFrame['type']>(type: T): Promise<Extract<BlobFrame, { type: T }>> {
    for (;;) {
      const next = await frames.next()
      if (next.done === true) throw new Error(`the link ended before ${type}`)
      const frame = decodeBlobFrame(next.value)!
      seen.push(frame)
      if (frame.type === type) return frame as Extract<BlobFrame, { type: T }>
    }
  }
  return { push, raw, until, seen }
}

test('blobs: a peer that wants faster than the store can look is let go', async (t) => {
  const a = await blobNode(ann, { limits: { maxPeerWants: 50 } })
  const pair = duplexPair()
  const ended = a.blobs.link(ben.id, pair.a)
  await pair.b.push(encodeBlobFrame({ type: 'hello', version: 1 }))
  const wants = Array.from({ length: 100 }, (_, at) => ({
    blob: blobIdOf(bytesOf(32, at)),
    maxBytes: SIZE,
    hops: 0,
  }))
  await pair.b.push(encodeBlobFrame({ type: 'want', wants }))
  await ended
  t.deepEqual(
    a.faults.map((fault) => fault.code),
    ['too-many'],
  )
  await closeAll(a)
  t.end()
})

test('blobs: what a peer wants is looked at again when it may have more than before', async (t) => {
  let open = false
  let refused: () => void = () => undefined
  const asked = new Promise<void>((resolve) => (refused = resolve))
  const mayServe = async (): Promise<boolean> => {
    if (!open) refused()
    return open
  }
  const [a, b] = [await blobNode(ann), await blobNode(ben, { mayServe })]
  const { id } = await b.store.add([bytesOf(1_000, 21)])
  linkBlobs(a, b)
  const wanted = a.blobs.want(id)
  await asked
  b.blobs.lookAgain(identityNamed('nobody').id)
  open = true
  b.blobs.lookAgain(ann.id)
  await wanted
  t.ok(await a.store.has(id))
  for (const node of [a, b]) await node.close()
})
