import test from 'tape'
import { decodePcm, encodePcm, readWavHeader, WAV_HEADER_BYTES, wavFileBytes, wavHeader } from '../../lib/mix/wav.ts'
import { concat } from '../../lib/base/index.ts'
import { noise } from '../helpers/signals.ts'

for (const [format, most] of [
  ['f32', 0],
  ['s16', 0.6 / 2 ** 15],
  ['s24', 0.6 / 2 ** 23],
] as const) {
  test(`a ${format} file says what it holds and gives it back`, (t) => {
    const left = noise(1_001, 5)
    const right = noise(1_001, 6)
    const file = concat([wavHeader(format, 1_001), encodePcm(format, left, right)])
    t.equal(file.length, wavFileBytes(format, 1_001))
    t.equal(new DataView(file.buffer).getUint32(4, true), file.length - 8, 'the RIFF size is the file less 8')
    const info = readWavHeader(file)
    t.deepEqual(info, { format, frames: 1_001, offset: WAV_HEADER_BYTES })
    const back = decodePcm(format, file.subarray(WAV_HEADER_BYTES))
    t.ok(
      back.left.every((x, i) => Math.abs(x - (left[i] ?? 9)) <= most),
      'left',
    )
    t.ok(
      back.right.every((x, i) => Math.abs(x - (right[i] ?? 9)) <= most),
      'right',
    )
    t.end()
  })
}

test('whole numbers are limited, not wrapped', (t) => {
  const wild = Float32Array.of(2, -2, 1, -1)
  const view = new DataView(encodePcm('s16', wild, wild).buffer)
  t.deepEqual(
    [0, 4, 8, 12].map((at) => view.getInt16(at, true)),
    [32_767, -32_768, 32_767, -32_768],
  )
  t.end()
})

test('past 4 GiB the header is RF64 with the true sizes', (t) => {
  const frames = 6 * 3_600 * 48_000
  const header = wavHeader('f32', frames)
  t.equal(String.fromCharCode(...header.subarray(0, 4)), 'RF64')
  t.equal(header.length, WAV_HEADER_BYTES, 'and fits over the first one')
  t.deepEqual(readWavHeader(header), { format: 'f32', frames, offset: WAV_HEADER_BYTES })
  t.end()
})

test('what is no stereo file at 48 kHz is not taken for one', (t) => {
  const header = wavHeader('f32', 10)
  t.equal(readWavHeader(header.subarray(0, 8)), undefined)
  t.equal(readWavHeader(header.subarray(0, 60)), undefined, 'cut short')
  const mono = wavHeader('f32', 10)
  mono[58] = 1
  t.equal(readWavHeader(mono), undefined)
  const other = wavHeader('f32', 10)
  other[0] = 0x4f
  t.equal(readWavHeader(other), undefined)
  t.end()
})
