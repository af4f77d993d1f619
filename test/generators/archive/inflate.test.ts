import { constants, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import test from 'tape'
import { InflateFault } from '../../../lib/generators/archive/huffman.ts'
import { inflate } from '../../../lib/generators/archive/inflate.ts'
import { fixtureBytes } from '../../helpers/generators.ts'

const MOST = 1_000_000
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

test('what zlib deflates is inflated to the byte, and the end is found', (t) => {
  const source = fc.oneof(
    fc.uint8Array({ maxLength: 5_000 }),
    fc.array(fc.constantFrom(0, 1, 2, 65, 66), { maxLength: 5_000 }).map((bytes) => Uint8Array.from(bytes)),
  )
  const settings = fc.record({
    level: fc.integer({ min: 0, max: 9 }),
    strategy: fc.constantFrom(
      constants.Z_DEFAULT_STRATEGY,
      constants.Z_FIXED,
      constants.Z_HUFFMAN_ONLY,
      constants.Z_RLE,
    ),
    memLevel: fc.integer({ min: 1, max: 9 }),
  })
  fc.assert(
    fc.property(source, settings, (bytes, options) => {
      const deflated = deflateRawSync(bytes, options)
      const framed = Buffer.concat([Buffer.of(1, 2, 3), deflated, Buffer.alloc(8, 7)])
      const { out, end } = inflate(framed, 3, MOST)
      return same(out, bytes) && end === 3 + deflated.length
    }),
    { numRuns: 500, seed: 1 },
  )
  const long = Buffer.concat(Array.from({ length: 9 }, () => fixtureBytes('archive', 'folder', 'tone.raw')))
  t.ok(same(inflate(deflateRawSync(long), 0, MOST).out, long), 'also across its window')
  t.end()
})

test('the bound is kept to the byte', (t) => {
  const deflated = deflateRawSync(new Uint8Array(5_000))
  t.equal(inflate(deflated, 0, 5_000).out.length, 5_000)
  t.throws(() => inflate(deflated, 0, 4_999), InflateFault)
  t.end()
})

test('streams that are no good are faults, never a loop or another error', (t) => {
  const bad: Readonly<Record<string, number[]>> = {
    'a block of no kind': [7],
    'a stored block with a wrong length': [1, 5, 0, 0, 0, 1, 2, 3, 4, 5],
    'a stored block cut off': [1, 5, 0, 0xfa, 0xff, 1],
    'a distance before the start': [3, 2, 0, 0, 0, 0],
    'too many codes': [0x05 | 0xf8, 0xff, 0xff, 0, 0, 0, 0, 0],
    nothing: [],
  }
  for (const [what, bytes] of Object.entries(bad))
    t.throws(() => inflate(Uint8Array.from(bytes), 0, MOST), InflateFault, what)
  const empty = new Uint8Array(5 * 70_000 + 10)
  for (let n = 0; n < 70_000; n++) empty.set([0, 0, 0, 255, 255], n * 5)
  t.throws(() => inflate(empty, 0, MOST), /too many blocks/, 'empty blocks without an end')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        return inflate(bytes, 0, 10_000).out.length <= 10_000
      } catch (error) {
        return error instanceof InflateFault
      }
    }),
    { numRuns: 5_000, seed: 1 },
  )
  t.end()
})
