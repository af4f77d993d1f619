import test from 'tape'
import { blobIdOf, type BlobId } from '../../lib/base/index.ts'
import {
  BLOB_LIMITS,
  createBlobs,
  decodeBlobFrame,
  encodeBlobFrame,
  stepBlobs,
  type BlobEffect,
  type BlobEvent,
  type BlobFrame,
  type BlobState,
} from '../../lib/blobs/index.ts'
import { bytesOf } from '../helpers/blobs.ts'
import { identityNamed } from '../helpers/chains.ts'

const PIECE = 65_536
type Timeless<E> = E extends BlobEvent ? Omit<E, 'now'> : never

/** The core with one peer that sends what it likes, and reads nothing. */
class Unread {
  readonly state: BlobState = createBlobs({ limits: BLOB_LIMITS })
  /** Bytes that were to be sent and never left. */
  queued = 0
  most = 0
  readonly effects: BlobEffect[] = []

  constructor() {
    this.step({ type: 'connected', link: 1, peer: identityNamed('cy').id })
    this.receive({ type: 'hello', version: 1 })
  }
  get closed(): string | undefined {
    return this.effects.flatMap((effect) => (effect.type === 'close' ? [effect.code] : []))[0]
  }
  get link() {
    const link = this.state.links.get(1)
    if (!link) throw new Error('no link')
    return link
  }
  step(event: Timeless<BlobEvent>): BlobEffect[] {
    const effects = stepBlobs(this.state, { ...event, now: 0 })
    this.effects.push(...effects)
    for (const effect of effects) if (effect.type === 'send') this.queued += effect.bytes.length
    this.most = Math.max(this.most, this.queued)
    return effects
  }
  receive(frame: Exclude<BlobFrame, { type: 'optional' }>): BlobEffect[] {
    return this.step({ type: 'received', link: 1, bytes: encodeBlobFrame(frame) })
  }
  want(blobs: readonly BlobId[]): BlobEffect[] {
    return this.receive({ type: 'want', wants: blobs.map((blob) => ({ blob, maxBytes: 1, hops: 1 })) })
  }
}

const blobs = Array.from({ length: 10_000 }, (_, at) => blobIdOf(bytesOf(32, at)))

test('blobs: to a peer that reads no data no more than half a megabyte and one piece is queued', (t) => {
  const peer = new Unread()
  const blob = blobs[0]!
  peer.want([blob])
  peer.step({ type: 'looked', link: 1, blob, size: 1_000 * PIECE, here: true, relay: false })
  let fetched = 0
  const pull = (request: number): void => {
    let effects = peer.receive({ type: 'pull', request, blob, offset: request * PIECE, length: PIECE })
    for (let next = effects.find(({ type }) => type === 'fetch'); next?.type === 'fetch';) {
      fetched++
      effects = peer.step({ type: 'fetched', link: 1, request: next.request, bytes: new Uint8Array(PIECE) })
      next = effects.find(({ type }) => type === 'fetch')
    }
  }
  for (let request = 0; request < 8 + BLOB_LIMITS.maxPulls; request++) pull(request)
  t.equal(fetched, 8, 'no more is even read from the disk')
  t.ok(peer.most <= BLOB_LIMITS.maxUnsent + PIECE + 200, `${peer.most} bytes were queued at most`)
  t.equal(peer.link.queue.length, BLOB_LIMITS.maxPulls)
  t.equal(peer.closed, undefined)
  pull(999)
  t.equal(peer.closed, 'too-many', 'and one pull more ends it')
  for (let request = 1_000; request < 2_000; request++) pull(request)
  t.equal(peer.link.queue.length, BLOB_LIMITS.maxPulls, 'after which nothing it says is kept')
  t.end()
})

test('blobs: a low bound of one that asks does not hold for another that asks for the same', (t) => {
  const peer = new Unread()
  const blob = blobs[0]!
  for (const link of [2, 3]) {
    peer.step({ type: 'connected', link, peer: identityNamed(`peer ${link}`).id })
    peer.step({ type: 'received', link, bytes: encodeBlobFrame({ type: 'hello', version: 1 }) })
  }
  const asks = (link: number, maxBytes: number): number[] => {
    const wants = [{ blob, maxBytes, hops: 1 }]
    peer.step({ type: 'received', link, bytes: encodeBlobFrame({ type: 'want', wants }) })
    const effects = peer.step({ type: 'looked', link, blob, size: undefined, here: false, relay: true })
    return effects.flatMap((effect) => {
      const frame = effect.type === 'send' && effect.link === 3 ? decodeBlobFrame(effect.bytes) : undefined
      return frame?.type === 'want' ? frame.wants.map((line) => line.maxBytes) : []
    })
  }
  t.deepEqual(asks(1, 1), [1])
  t.deepEqual(asks(2, 2 ** 40), [BLOB_LIMITS.maxRelayedBytes], 'it is asked again with what is passed on at most')
  t.deepEqual(asks(2, 5_000_000), [], 'but once')
  const has = encodeBlobFrame({ type: 'have', blobs: [{ blob, size: 5_000_000 }] })
  const effects = peer.step({ type: 'received', link: 3, bytes: has })
  t.ok(
    effects.some(({ type }) => type === 'open'),
    'and it is fetched',
  )
  t.end()
})

test('blobs: what 10,000 wants of a peer leave behind is bounded, whether they are looked at or not', (t) => {
  const slow = new Unread()
  for (let at = 0; at < blobs.length; at += 1_000) slow.want(blobs.slice(at, at + 1_000))
  t.equal(slow.closed, 'too-many')
  t.equal(slow.link.wants.size, BLOB_LIMITS.maxPeerWants)
  t.equal(slow.link.looking, BLOB_LIMITS.maxPeerWants)
  t.equal(slow.effects.filter(({ type }) => type === 'look').length, BLOB_LIMITS.maxPeerWants)

  for (const here of [true, false]) {
    const peer = new Unread()
    for (let at = 0; at < blobs.length; at += 1_000) {
      const part = blobs.slice(at, at + 1_000)
      peer.want(part)
      for (const blob of part)
        peer.step({ type: 'looked', link: 1, blob, size: here ? 1 : undefined, here, relay: !here })
    }
    t.equal(peer.closed, undefined)
    t.equal(peer.link.wants.size, BLOB_LIMITS.maxPeerWants)
    t.equal(peer.link.offers.size, here ? BLOB_LIMITS.maxOffers : 0)
    t.equal(peer.state.wants.size, here ? 0 : BLOB_LIMITS.maxRelayedOfLink, 'passed on are few')
    t.ok(peer.most < BLOB_LIMITS.maxBacklog, `${peer.most} bytes were queued`)
  }

  const greedy = new Unread()
  let rounds = 0
  for (; greedy.closed === undefined && rounds < 100_000; rounds++) {
    greedy.want(blobs.slice(0, 1_000))
    for (const blob of blobs.slice(0, 1_000))
      greedy.step({ type: 'looked', link: 1, blob, size: 1, here: true, relay: false })
  }
  t.equal(greedy.closed, 'too-slow')
  t.ok(greedy.most <= BLOB_LIMITS.maxBacklog + 200, `${greedy.most} bytes of answers, ${rounds} times 1,000 wants`)
  t.end()
})
