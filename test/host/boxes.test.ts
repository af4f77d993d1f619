import { createHash } from 'node:crypto'
import test from 'tape'
import type pull from 'pull-stream'
import boxStream from 'pull-box-stream'
import sodium from 'sodium-native'
import { opening, sealing } from '../../lib/host/wire/boxes.ts'
import { bytesOf } from '../helpers/blobs.ts'

const key = createHash('sha256').update('key').digest()
const nonce = Buffer.alloc(24, 255)
const SIZES = [1, 100, 4_096, 4_097, 65_545, 9, 200_000]

const sourceOf = (pieces: readonly Buffer[], end: true | Error = true): pull.Source<Buffer> => {
  const left = [...pieces]
  return (abort, callback) => {
    const piece = left.shift()
    if (abort !== null && abort !== false) callback(abort)
    else if (piece) callback(null, piece)
    else callback(end)
  }
}

/** All that a source gives, in how many pieces, and how it ended. */
async function drained(read: pull.Source<Buffer>): Promise<{ bytes: Buffer; count: number; end: unknown }> {
  const pieces: Buffer[] = []
  for (;;) {
    const [end, piece] = await new Promise<[pull.EndOrError, Buffer | undefined]>((resolve) =>
      read(null, (ended, given) => resolve([ended, given])),
    )
    if (end !== null && end !== false) return { bytes: Buffer.concat(pieces), count: pieces.length, end }
    if (piece) pieces.push(piece)
  }
}

const pieces = SIZES.map((size, seed) => Buffer.from(bytesOf(size, seed)))
const cut = (bytes: Buffer, every: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / every) }, (_, at) => bytes.subarray(at * every, (at + 1) * every))

test('boxes: the same bytes as pull-box-stream, both ways, however they are cut', async (t) => {
  const sealed = await drained(sealing({ key, nonce })(sourceOf(pieces)))
  const theirs = await drained(boxStream.createBoxStream(key, Buffer.from(nonce))(sourceOf(pieces)))
  const ours = await drained(opening({ key, nonce })(sourceOf([sealed.bytes])))
  t.ok(ours.bytes.equals(Buffer.concat(pieces)), 'what we seal they would open')
  const whole = await drained(sealing({ key, nonce })(sourceOf([Buffer.concat(pieces)])))
  const wholly = await drained(boxStream.createBoxStream(key, Buffer.from(nonce))(sourceOf([Buffer.concat(pieces)])))
  t.ok(whole.bytes.equals(wholly.bytes), 'sealed alike')
  const small = Array.from({ length: 100 }, () => Buffer.alloc(20, 1))
  t.equal(
    (await drained(sealing({ key, nonce })(sourceOf(small)))).count,
    2,
    'small ones leave at once, then the goodbye',
  )
  t.equal(sealed.end, true)
  for (const every of [1_000_000, 65_536, 33, 4_131]) {
    const opened = await drained(opening({ key, nonce })(sourceOf(cut(theirs.bytes, every))))
    t.ok(opened.bytes.equals(Buffer.concat(pieces)), `opened from pieces of ${every} bytes`)
    t.equal(opened.end, true, 'to a goodbye')
  }
  t.end()
})

test('boxes: what was changed, cut off or sealed for another is an error, and nothing of it comes out', async (t) => {
  const { bytes } = await drained(sealing({ key, nonce })(sourceOf([Buffer.from(bytesOf(10_000, 1))])))
  for (const at of [0, 40, bytes.length - 1]) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    const { end, bytes: opened } = await drained(opening({ key, nonce })(sourceOf(cut(changed, 5_000))))
    t.ok(end instanceof Error, `byte ${at} changed`)
    t.ok(Buffer.from(bytesOf(10_000, 1)).subarray(0, opened.length).equals(opened))
  }
  const short = await drained(opening({ key, nonce })(sourceOf([bytes.subarray(0, -34)])))
  t.ok(short.end instanceof Error, 'an end without a goodbye')
  t.equal(short.bytes.length, 10_000)
  const lost = new Error('lost')
  t.equal((await drained(opening({ key, nonce })(sourceOf([bytes.subarray(0, 50)], lost)))).end, lost)
  t.equal((await drained(sealing({ key, nonce })(sourceOf([], lost)))).end, lost)
  let told: unknown
  const abort: pull.Source<Buffer> = (end, callback) => callback((told = end))
  for (const through of [opening, sealing]) {
    through({ key, nonce })(abort)(true, (end) => t.equal(end, true))
    t.equal(told, true, 'an abort goes up')
  }
  t.end()
})

/** The first box of a stream, with a body of any length. */
function boxOf(body: Buffer): Buffer {
  const second = Buffer.alloc(24)
  const head = Buffer.alloc(18)
  const out = Buffer.alloc(34 + body.length)
  sodium.crypto_secretbox_detached(out.subarray(34), head.subarray(2), body, second, key)
  head.writeUInt16BE(body.length, 0)
  sodium.crypto_secretbox_easy(out.subarray(0, 34), head, nonce, key)
  return out
}

test('boxes: no larger one than the specification has is waited for', async (t) => {
  const opened = async (size: number) => drained(opening({ key, nonce })(sourceOf([boxOf(Buffer.alloc(size, 1))])))
  t.equal((await opened(4_096)).bytes.length, 4_096)
  t.equal((await opened(0)).bytes.length, 0, 'an empty one is a box')
  for (const size of [4_097, 65_535]) {
    const { bytes, end } = await opened(size)
    t.equal(bytes.length, 0)
    t.ok(end instanceof Error && /no box for us/.test(end.message), String(size))
  }
  t.end()
})
