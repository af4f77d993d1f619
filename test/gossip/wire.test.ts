import fc from 'fast-check'
import test from 'tape'
import { entryKeyOf, hex, playerIdOf } from '../../lib/base/index.ts'
import { FRAME_BYTES, decodeFrame, encodeFrame } from '../../lib/gossip/index.ts'
import type { Frame } from '../../lib/gossip/index.ts'
import { frameVectors } from '../helpers/vectors-of.ts'

type Known = Exclude<Frame, { type: 'optional' }>

const identity = playerIdOf(new Uint8Array(32).fill(0x11))
const position = { comparable: 1_700_000_000_000_000, key: entryKeyOf(new Uint8Array(32).fill(0x22)) }
const head = { ...position, count: 3 }
const stream = 7

const SAMPLES: readonly Known[] = [
  {
    type: 'hello',
    version: 2,
    epoch: 'aa'.repeat(8),
    knownEpoch: 'bb'.repeat(8),
    knownSequence: 9,
    knownOffer: 'cc'.repeat(8),
  },
  { type: 'ihave', serial: 1, sequence: 9, offer: 'cc'.repeat(8), full: true, heads: [{ identity, ...head }] },
  { type: 'heard', serial: 1 },
  { type: 'iwant', stream, identity, after: position },
  { type: 'stop', stream },
  { type: 'fork', stream },
  { type: 'points', stream, points: [position] },
  { type: 'at', stream, at: undefined, head },
  { type: 'run', stream, head, entries: [new Uint8Array([97, 98, 99])] },
  { type: 'credit', bytes: 262_144 },
  { type: 'end', stream, code: 'not-served' },
  { type: 'close', code: 'malformed' },
  { type: 'lost', heads: [position] },
  { type: 'iwantlost', stream, head: position, points: [position] },
]

test('gossip frames: docs/protocol.md has each to the byte', (t) => {
  const vectors = frameVectors('Gossip')
  t.equal(vectors.size, SAMPLES.length, 'a vector for each frame')
  for (const frame of SAMPLES) {
    const bytes = vectors.get(frame.type) ?? new Uint8Array(0)
    t.equal(hex(encodeFrame(frame)), hex(bytes), `${frame.type} is written so`)
    t.deepEqual(decodeFrame(bytes), frame, `${frame.type} is read so`)
  }
  t.end()
})

test('gossip frames: what is cut short, too long, out of range or unknown is none', (t) => {
  for (const frame of SAMPLES) {
    const bytes = encodeFrame(frame)
    t.equal(decodeFrame(bytes.subarray(0, bytes.length - 1)), undefined, `${frame.type} cut short`)
    if (frame.type !== 'hello') t.equal(decodeFrame(Uint8Array.of(...bytes, 0)), undefined, `${frame.type} and a byte`)
  }
  const more = Uint8Array.of(...encodeFrame(SAMPLES[0]!), 1, 2, 3)
  t.deepEqual(decodeFrame(more), SAMPLES[0], 'a hello of a later version may say more')
  t.deepEqual(decodeFrame(Uint8Array.of(0x50, 1, 2)), { type: 'optional' }, 'what may be passed over is')
  t.equal(decodeFrame(Uint8Array.of(14)), undefined, 'an unknown type')
  t.equal(decodeFrame(new Uint8Array(0)), undefined, 'nothing')
  t.equal(decodeFrame(new Uint8Array(FRAME_BYTES + 1).fill(0x50)), undefined, 'more than a frame may have')
  const huge = encodeFrame({ type: 'heard', serial: 1 })
  huge.fill(0xff, 1)
  t.equal(decodeFrame(huge), undefined, 'a number of 2^53 and more')
  const many = { type: 'points', stream, points: Array.from({ length: 65 }, () => position) } as const
  t.equal(decodeFrame(encodeFrame(many)), undefined, '65 points')
  const losing = { type: 'lost', heads: Array.from({ length: 9 }, () => position) } as const
  t.equal(decodeFrame(encodeFrame(losing)), undefined, '9 losing heads')
  const oversized = { type: 'run', stream, head, entries: [new Uint8Array(15_361)] } as const
  t.equal(decodeFrame(encodeFrame(oversized)), undefined, 'an entry above 15,360 bytes')
  t.equal(decodeFrame(encodeFrame({ type: 'run', stream, head, entries: [] })), undefined, 'a run of nothing')
  t.end()
})

test('gossip frames: any bytes are read without a throw, and what is read is written back the same', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(13), (rest, type) => {
      const bytes = Uint8Array.of(type, ...rest)
      const frame = decodeFrame(bytes)
      if (!frame || frame.type === 'optional' || frame.type === 'hello') return true
      // Unknown codes are read as the one that is always right to act on; zeros with a key as no position.
      if (frame.type === 'end' || frame.type === 'close' || frame.type === 'iwant' || frame.type === 'at') return true
      return hex(encodeFrame(frame)) === hex(bytes)
    }),
    { numRuns: 3_000, seed: 1 },
  )
  t.pass('3,000 of them')
  t.end()
})
