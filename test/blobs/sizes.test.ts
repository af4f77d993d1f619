import test from 'tape'
import { blobIdOf, concat } from '../../lib/base/index.ts'
import type { BlobId } from '../../lib/base/index.ts'
import { decodeBlobFrame, encodeBlobFrame } from '../../lib/blobs/index.ts'
import type { BlobFrame } from '../../lib/blobs/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import { blobNode, bytesOf } from '../helpers/blobs.ts'
import type { BlobNode } from '../helpers/blobs.ts'
import { collect, identityNamed } from '../helpers/chains.ts'
import { duplexPair } from '../helpers/duplex.ts'

const [ann, honest, liar, other] = [
  identityNamed('ann'),
  identityNamed('ben'),
  identityNamed('cy'),
  identityNamed('dee'),
]
const PIECE = 65_536
const SIZE = 40 * PIECE
const PART = 8 * PIECE

/** A peer by hand: it gives the first `upTo` bytes, and lets what is asked beyond them wait. */
class Giver {
  upTo: number
  /** Where pulls began, in the order in which they came. */
  readonly offsets: number[] = []
  /** Resolves when it has been asked for the blob. */
  readonly wanted: Promise<void>
  readonly #blob: BlobId
  readonly #bytes: Uint8Array
  readonly #pair = duplexPair()
  #waiting: number[] = []
  #denies = false
  #pushed: Promise<void> = Promise.resolve()
  #asked: () => void = () => undefined
  #denied: () => void = () => undefined
  #onWant: () => void = () => undefined

  constructor(node: BlobNode, { id }: Identity, blob: BlobId, bytes: Uint8Array, upTo: number) {
    this.upTo = upTo
    this.#blob = blob
    this.#bytes = bytes
    this.wanted = new Promise((resolve) => (this.#onWant = resolve))
    void node.blobs.link(id, this.#pair.a)
    this.#push({ type: 'hello', version: 1 })
    void this.#serve()
  }

  /** Says that it has the blob, once it has been asked. Resolves when the node has heard it. */
  async say(size: number): Promise<void> {
    await this.wanted
    const denied = new Promise<void>((resolve) => (this.#denied = resolve))
    this.#push({ type: 'have', blobs: [{ blob: this.#blob, size }] })
    // Refused, since nothing was offered, but not before what came before it was heard.
    this.#push({ type: 'pull', request: 1, blob: this.#blob, offset: 0, length: 1 })
    await denied
  }

  /** Resolves when something waits. */
  async asked(): Promise<void> {
    if (this.#waiting.length === 0) await new Promise<void>((resolve) => (this.#asked = resolve))
  }

  /** Refuses what waits, and from now on at once. */
  deny(): void {
    this.#denies = true
    for (const request of this.#waiting) this.#push({ type: 'deny', request, code: 'failed' })
    this.#waiting = []
  }

  async #serve(): Promise<void> {
    for await (const raw of this.#pair.b.source) {
      const frame = decodeBlobFrame(raw)
      if (frame?.type === 'want') this.#onWant()
      if (frame?.type === 'deny') this.#denied()
      if (frame?.type !== 'pull') continue
      const { request, offset, length } = frame
      this.offsets.push(offset)
      const end = offset + length
      if (end <= this.upTo) this.#push({ type: 'data', request, bytes: this.#bytes.slice(offset, end) })
      else if (this.#denies) this.#push({ type: 'deny', request, code: 'failed' })
      else {
        this.#waiting.push(request)
        this.#asked()
      }
    }
  }

  #push(frame: Exclude<BlobFrame, { type: 'optional' }>): void {
    const bytes = encodeBlobFrame(frame)
    // One after the other: of several that wait for room none may overtake another.
    this.#pushed = this.#pushed.then(() => this.#pair.b.push(bytes)).catch(() => undefined)
  }
}

/** A node that has a part of a blob from somebody who then gives no more of it. */
async function interrupted() {
  const node = await blobNode(ann, { limits: { giveUpAfter: 5_000 } })
  const bytes = bytesOf(SIZE, 21)
  const blob = blobIdOf(nodeCrypto.sha256(bytes))
  const done = node.blobs.want(blob)
  const giver = (identity: Identity, upTo: number) => new Giver(node, identity, blob, bytes, upTo)
  const first = giver(honest, PART)
  await first.say(SIZE)
  await first.asked()
  const fetched = async () => {
    await done
    return concat(await collect(node.store.read(blob)))
  }
  return { node, bytes, first, giver, fetched }
}

test('blobs: a source that says less than is on disk is left for one that has more, and the rest alone is fetched', async (t) => {
  const { node, bytes, first, giver, fetched } = await interrupted()
  const [small, second] = [giver(liar, 0), giver(other, SIZE)]
  await small.say(1)
  await second.say(SIZE)
  first.deny()
  t.deepEqual(await fetched(), bytes)
  t.equal(second.offsets[0], PART, 'it goes on where the first one ended')
  t.deepEqual(small.offsets, [])
  await node.close()
  t.end()
})

test('blobs: a source that says that what is on disk is all does not put the blame on who gave it', async (t) => {
  const { node, bytes, first, giver, fetched } = await interrupted()
  const false_ = giver(liar, 0)
  await false_.say(PART)
  first.deny()
  // The bytes were wrong, and two had a part in them: each is tried alone from the start.
  await false_.asked()
  t.equal(false_.offsets[0], 0)
  first.upTo = SIZE
  await first.say(SIZE)
  false_.deny()
  t.deepEqual(await fetched(), bytes, 'the honest one is asked again, and gives all')
  await node.close()
  t.end()
})

test('blobs: a source that says that there is nothing to give is asked once', async (t) => {
  const node = await blobNode(ann, { limits: { giveUpAfter: 5_000 } })
  const bytes = bytesOf(SIZE, 22)
  const blob = blobIdOf(nodeCrypto.sha256(bytes))
  const done = node.blobs.want(blob)
  await new Giver(node, liar, blob, bytes, 0).say(0)
  await new Giver(node, other, blob, bytes, SIZE).say(SIZE)
  await done
  t.deepEqual(concat(await collect(node.store.read(blob))), bytes)
  await node.close()
  t.end()
})
