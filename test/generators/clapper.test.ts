import fc from 'fast-check'
import test from 'tape'
import { SAMPLE_RATE } from '../../lib/base/index.ts'
import { pack, prepareGenerator } from '../../lib/generators/index.ts'
import { readFolder } from '../../lib/generators/node/folder.ts'
import { archiveOf, fixture, fixtureBytes, good, startVoice } from '../helpers/generators.ts'

const MODULES = ['clapper.wasm', 'clapper-c.wasm', 'clapper-rs.wasm']

/** Frames at which a clapper sounds, made in blocks of the lengths given, over and over, with one tempo for each block. */
function clapsOf(
  module: string,
  lengths: readonly number[],
  tempos: readonly number[],
  frames: number,
  startBeat = 0,
): number[] {
  const { voice } = startVoice(good(prepareGenerator(archiveOf(fixtureBytes('clapper', module)))))
  const claps: number[] = []
  let beat = startBeat
  for (let frame = 0, n = 0; frame < frames; n++) {
    const length = lengths[n % lengths.length]!
    const step = tempos[n % tempos.length]! / 60 / SAMPLE_RATE
    voice.process({ frames: length, frame, beat, beatsPerFrame: step, bar: beat / 4, startBeat })
    for (let i = 0; i < length; i++) {
      if (voice.left[i] !== voice.right[i] || (voice.left[i] !== 0 && voice.left[i] !== 0.5)) throw new Error('no clap')
      if (voice.left[i] === 0.5) claps.push(frame + i)
    }
    frame += length
    beat += length * step
  }
  return claps
}

test('clapper sounds on the first frame at or after each beat, in WAT, C and Rust', (t) => {
  for (const module of MODULES) {
    for (const tempo of [112, 120, 61.7, 299]) {
      const step = tempo / 60 / SAMPLE_RATE
      const claps = clapsOf(module, [128], [tempo], 480_000)
      const beats = Array.from({ length: claps.length }, (_, k) => Math.max(0, Math.ceil(k / step - 1e-6)))
      t.deepEqual(claps, beats, `${module} at ${tempo} BPM: ${claps.length} beats`)
      t.ok(claps.length > 9)
    }
  }
  t.end()
})

test('however its blocks are cut, and wherever it starts', (t) => {
  const whole = clapsOf('clapper.wasm', [128], [112], 128_000)
  for (const module of MODULES) {
    const same = fc.property(fc.array(fc.integer({ min: 1, max: 128 }), { minLength: 1, maxLength: 9 }), (lengths) => {
      const claps = clapsOf(module, lengths, [112], 128_000).filter((frame) => frame < 128_000)
      return JSON.stringify(claps) === JSON.stringify(whole)
    })
    fc.assert(same, { numRuns: 8, seed: 1 })
    t.deepEqual(clapsOf(module, [128], [112], 30_000, 16.5), [12_858], `${module} half a beat before one`)
    t.deepEqual(clapsOf(module, [128], [112], 20_000, 17), [0], `${module} on one`)
  }
  const changing = MODULES.map((module) => clapsOf(module, [100, 28], [60, 240, 90], 480_000).join())
  t.equal(new Set(changing).size, 1, 'the three agree where the tempo changes in every block')
  t.end()
})

test('its folder packs and plays as it is', async (t) => {
  const prepared = good(prepareGenerator(good(pack(await readFolder(fixture('clapper'))))))
  t.equal(prepared.manifest.name, 'clapper')
})
