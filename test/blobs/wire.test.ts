import test from 'tape'
import { blobIdOf, hex } from '../../lib/base/index.ts'
import { BLOB_FRAME_BYTES, decodeBlobFrame, encodeBlobFrame, looksOf } from '../../lib/blobs/index.ts'
import type { BlobFrame } from '../../lib/blobs/index.ts'
import { frameVectors } from '../helpers/vectors-of.ts'

const blob = blobIdOf(new Uint8Array(32).fill(0x33))

const SAMPLES: readonly Exclude<BlobFrame, { type: 'optional' }>[] = [
  { type: 'hello', version: 1 },
  { type: 'want', wants: [{ blob, maxBytes: 100_000, hops: 1 }] },
  { type: 'unwant', blobs: [blob] },
  { type: 'have', blobs: [{ blob, size: 100_000 }] },
  { type: 'pull', request: 7, blob, offset: 65_536, length: 3 },
  { type: 'data', request: 7, bytes: new Uint8Array([97, 98, 99]) },
  { type: 'deny', request: 7, code: 'not-served' },
  { type: 'close', code: 'unasked' },
]

test('blob frames: docs/protocol.md has each to the byte', (t) => {
  const vectors = frameVectors('Blobs')
  t.equal(vectors.size, SAMPLES.length, 'a vector for each frame')
  for (const frame of SAMPLES) {
    const bytes = vectors.get(frame.type) ?? new Uint8Array(0)
    t.equal(hex(encodeBlobFrame(frame)), hex(bytes), `${frame.type} is written so`)
    t.deepEqual(decodeBlobFrame(bytes), frame, `${frame.type} is read so`)
  }
  t.end()
})

test('blob frames: what is cut short, too long, out of range or unknown is none', (t) => {
  for (const frame of SAMPLES) {
    const bytes = encodeBlobFrame(frame)
    const short = bytes.subarray(0, frame.type === 'data' ? 4 : bytes.length - 1)
    t.equal(decodeBlobFrame(short), undefined, `${frame.type} cut short`)
  }
  t.equal(decodeBlobFrame(Uint8Array.of(8)), undefined, 'an unknown type')
  t.deepEqual(decodeBlobFrame(Uint8Array.of(0x7f)), { type: 'optional' }, 'what may be passed over is')
  t.equal(decodeBlobFrame(new Uint8Array(BLOB_FRAME_BYTES + 1).fill(5)), undefined, 'more than a frame may have')
  for (const length of [0, 65_537]) {
    const bytes = encodeBlobFrame({ type: 'pull', request: 1, blob, offset: 0, length })
    t.equal(decodeBlobFrame(bytes), undefined, `a piece of ${length} bytes`)
  }
  const unwant = { type: 'unwant', blobs: Array.from({ length: 1_001 }, () => blob) } as const
  t.equal(decodeBlobFrame(encodeBlobFrame(unwant)), undefined, '1,001 blobs')
  t.end()
})

test('blob frames: each blob that one names counts, by which a peer that floods is read more slowly', (t) => {
  const wants = Array.from({ length: 1_000 }, () => ({ blob, maxBytes: 1, hops: 1 }))
  t.ok(looksOf(encodeBlobFrame({ type: 'want', wants })) >= 1_000)
  t.equal(looksOf(encodeBlobFrame({ type: 'want', wants: wants.slice(0, 1) })), 1)
  t.ok(looksOf(encodeBlobFrame({ type: 'have', blobs: [{ blob, size: 1 }] })) >= 1)
  t.equal(looksOf(encodeBlobFrame({ type: 'data', request: 7, bytes: new Uint8Array(65_536) })), 0, 'data is free')
  t.equal(looksOf(new Uint8Array(0)), 1, 'nothing else is')
  t.end()
})
