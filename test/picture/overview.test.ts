import test from 'tape'
import { BLOCK, type Frames } from '../../lib/base/index.ts'
import type { InstancePath } from '../../lib/jam/index.ts'
import type { Stem } from '../../lib/mix/index.ts'
import { MAX_COLUMNS, MIX, Overview } from '../../lib/picture/index.ts'

const PATH = 'ada/drums/drums' as InstancePath

/** 128 frames of one level on both sides. */
function stem(level: number, gain = 1): Stem {
  const plane = new Float32Array(BLOCK).fill(level)
  const planes = { left: plane, right: plane, rawLeft: plane, rawRight: plane }
  return { path: PATH, track: 'kit', gainLeft: gain, gainRight: gain, ...planes }
}

test('an overview has peak and RMS of what is heard, from the column on in which it begins', (t) => {
  const overview = new Overview()
  overview.stems([], 0)
  overview.stems([stem(0.5)], BLOCK)
  overview.stems([stem(-0.5, 0.5)], 2 * BLOCK)
  overview.stems([], 3 * BLOCK)
  overview.stems([stem(0.25)], 4 * BLOCK)
  t.deepEqual(overview.envelope(PATH), { first: 1, peak: [0.5, 0.25, 0, 0.25], rms: [0.5, 0.25, 0, 0.25] })
  t.equal(overview.track(PATH), 'kit')
  t.equal(overview.envelope(MIX), undefined)
  t.end()
})

test('the mix is taken in pieces of any length', (t) => {
  const level = (frame: number): number => (frame % 200 === 0 ? 0.5 : 0.125)
  const all = Float32Array.from({ length: 2 * 1_000 }, (_, i) => level(i >> 1))
  const whole = new Overview()
  whole.mix(all, 64)
  const pieces = new Overview()
  for (const [from, to] of [
    [0, 1],
    [1, 400],
    [400, 1_000],
  ] as const)
    pieces.mix(all.subarray(2 * from, 2 * to), 64 + from)
  t.deepEqual(pieces.envelope(MIX), whole.envelope(MIX))
  t.deepEqual(whole.envelope(MIX)?.peak, [0.5, 0.125, 0.5, 0.5, 0.125, 0.5, 0.5, 0.125, 0.125])
  t.end()
})

test('a long jam has as many columns as a short one: each two become one, and no peak is lost', (t) => {
  const overview = new Overview()
  const quanta = 40_000
  const loud = 31_234
  for (let i = 7; i < quanta; i++) overview.stems([stem(i === loud ? 0.75 : 0.5)], i * BLOCK)
  const { first, peak, rms } = overview.envelope(PATH)!
  t.equal(overview.width, 32 * BLOCK)
  t.ok(peak.length <= MAX_COLUMNS && peak.length > MAX_COLUMNS / 2, `${peak.length} columns`)
  t.equal(first, 0)
  t.deepEqual(
    peak.flatMap((value, i) => (value > 0.5 ? [i] : [])),
    [Math.floor(loud / 32)],
  )
  t.ok(Math.abs((rms[10] ?? 0) - 0.5) < 1e-6 && Math.abs((rms[0] ?? 0) - 0.5 * Math.sqrt(25 / 32)) < 1e-6)
  t.end()
})

test('columns of renders that begin at other frames lie alike', (t) => {
  const at = (first: Frames): Overview => {
    const overview = new Overview()
    for (let i = 0; i < 3_000; i++) overview.stems([stem(i / 3_000)], first + i * BLOCK)
    return overview
  }
  for (const first of [0, BLOCK, 999 * BLOCK]) {
    const overview = at(first)
    t.equal(overview.envelope(PATH)?.first, Math.floor(first / overview.width))
  }
  t.end()
})

test('of tags those are kept that players set, chord, density and the context: each as it last was', (t) => {
  const overview = new Overview()
  const set = (path: string, value: number | string, frame: Frames): void => overview.changes([{ path, value, frame }])
  set('jam/context', 'intro', 0)
  set('jam/bar', 1, 0)
  set('ada/context', 'intro', 0)
  set('ada/mood', 'blue', 10)
  set('ada/chords/chords/chord', 3, 20)
  set('ben/chords/other/chord', 4, 4_000)
  set('ada/drums/drums/kick', 1, 30)
  set('ada/drums/drums/note/chord', 60, 30)
  set('net/ben/delay', 3, 30)
  t.deepEqual(overview.tags, ['context', 'mood', 'chord'])
  t.deepEqual(overview.points('chord'), [
    { value: 3, frame: 20 },
    { value: 4, frame: 4_000 },
  ])
  for (let i = 0; i < 100_000; i++) set('ada/mood', i, i * BLOCK)
  const { length } = overview.points('mood')
  t.ok(length <= 512 && length > 200, `${length} points of 100,000`)
  t.equal(overview.points('mood').at(-1)?.value, 99_999)
  for (let i = 0; i < 1_000; i++) set(`ada/t${i}`, i, i)
  t.equal(overview.tags.length, 64)
  t.end()
})
