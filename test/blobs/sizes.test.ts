import { readdirSync } from 'node:fs'
import { join } from 'node:path'
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
  /** Resolves when it has been asked for the blob, since the last `forget`. */
  wanted!: Promise<void>
  readonly #blob: BlobId
  readonly #bytes: Uint8Array
  readonly #pair = duplexPair()
  #waiting: number[] = []
  #denies = false
  #pushed: Promise<void> = Promise.resolve()
  #asked: () => void = () => undefined
  #denied: () => void = () => undefined
  #onWant: () => void = () => undefined
  readonly #given: number[] = []
  #onGiven: () => void = () => undefined

  constructor(node: BlobNode, { id }: Identity, blob: BlobId, bytes: Uint8Array, upTo: number) {
    this.upTo = upTo
    this.#blob = blob
    this.#bytes = bytes
    this.forget()
    void node.blobs.link(id, this.#pair.a)
    this.#push({ type: 'hello', version: 1 })
    this.#serve().catch(() => undefined)
  }

  forget(): void {
    this.offsets.length = 0
    this.wanted = new Promise((resolve) => (this.#onWant = resolve))
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

  /** Resolves when the piece with this byte has been given for the second time. */
  async gave(at: number): Promise<void> {
    while (this.#given.filter((end) => end > at).length < 2)
      await new Promise<void>((resolve) => (this.#onGiven = resolve))
  }

  /** Whether it was asked for this byte, and for nothing before it. */
  wentOnFrom(at: number): boolean {
    return this.offsets.includes(at) && this.offsets.every((offset) => offset >= at)
  }

  /** Pulls the cable. */
  cut(): void {
    this.#pair.cut()
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
      if (end <= this.upTo) {
        this.#push({ type: 'data', request, bytes: this.#bytes.slice(offset, end) })
        this.#given.push(end)
        this.#onGiven()
      } else if (this.#denies) this.#push({ type: 'deny', request, code: 'failed' })
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

/** A node that has a part of a blob from somebody who then gives no more of it, and that waits long for who is silent. */
async function interrupted() {
  const node = await blobNode(ann, { limits: { giveUpAfter: 60_000, stallAfter: 600_000 } })
  const bytes = bytesOf(SIZE, 21)
  const blob = blobIdOf(nodeCrypto.sha256(bytes))
  let onProgress: (done: number) => void = () => undefined
  const done = node.blobs.want(blob, { onProgress: (bytes) => onProgress(bytes) })
  /** Resolves when just so much is on disk. */
  const reached = (bytes: number) => new Promise<void>((resolve) => (onProgress = (now) => now === bytes && resolve()))
  const giver = (identity: Identity, upTo: number, given = bytes) => new Giver(node, identity, blob, given, upTo)
  const first = giver(honest, PART)
  const part = reached(PART)
  await first.say(SIZE)
  await Promise.all([part, first.asked()])
  const fetched = async () => {
    await done
    return concat(await collect(node.store.read(blob)))
  }
  return { node, bytes, blob, first, giver, reached, fetched }
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

for (const said of [1, PART, SIZE - 1]) {
  test(`blobs: the only source left says ${said} of ${SIZE} bytes: what came before stays`, async (t) => {
    const { node, bytes, first, giver, fetched } = await interrupted()
    const small = giver(liar, 0)
    await small.say(said)
    first.deny()
    await small.asked()
    t.equal(small.offsets[0], 0, 'its bytes are kept apart, from the start')
    first.upTo = SIZE
    first.offsets.length = 0
    await first.say(SIZE)
    small.deny()
    t.deepEqual(await fetched(), bytes)
    t.ok(first.wentOnFrom(PART), 'the honest one goes on where it ended')
    t.deepEqual(readdirSync(join(node.folder, 'partial')), [], 'and nothing is left of the other')
    await node.close()
    t.end()
  })
}

test('blobs: a source that gives a false size whole spoils its own part alone, and is not asked again', async (t) => {
  const { node, bytes, first, giver, fetched } = await interrupted()
  const small = giver(liar, PART)
  await small.say(PART)
  first.deny()
  first.upTo = SIZE
  first.offsets.length = 0
  // It is heard while the other gives, or after.
  await first.say(SIZE)
  t.deepEqual(await fetched(), bytes)
  t.ok(first.wentOnFrom(PART))
  await node.close()
  t.end()
})

test('blobs: each is tried alone where several gave wrong bytes, and a cut costs nobody what it gave', async (t) => {
  const { node, bytes, blob, first, giver, reached, fetched } = await interrupted()
  const spoiler = giver(liar, SIZE, bytesOf(SIZE, 99))
  await spoiler.say(SIZE)
  first.deny()
  // The whole is wrong, and two had a part in it; then the liar alone gives wrong bytes, and is out.
  await spoiler.gave(SIZE - 1)
  const honestly = giver(other, PART)
  const part = reached(PART)
  await honestly.say(SIZE)
  await part
  honestly.cut()
  const again = giver(other, SIZE)
  await again.say(SIZE)
  t.deepEqual(await fetched(), bytes)
  t.equal(honestly.offsets[0], 0, 'from the start')
  t.equal(again.offsets[0], PART, 'and after the cut from where it was')
  await node.store.remove(blob)
  for (const each of [spoiler, again]) each.forget()
  const wanted = node.blobs.want(blob)
  await spoiler.say(SIZE)
  await again.say(SIZE)
  await wanted
  t.deepEqual(spoiler.offsets, [], 'who gave wrong bytes is not asked for it when it is wanted anew')
  await node.close()
  t.end()
})

test('blobs: where a link goes, another source takes over at once from the byte reached', async (t) => {
  const { node, bytes, first, giver, fetched } = await interrupted()
  const second = giver(other, SIZE)
  await second.say(SIZE)
  first.cut()
  t.deepEqual(await fetched(), bytes)
  t.equal(second.offsets[0], PART)
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
