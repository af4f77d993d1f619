import test from 'tape'
import type { EntryKey } from '../../lib/base/index.ts'
import { Grid } from '../../lib/jam/index.ts'
import { fadeIn } from '../../lib/mix/index.ts'
import {
  archiveFrom,
  paramAt,
  PARAMS,
  PLAYER,
  probeWat,
  pulses,
  renderAll,
  specOf,
  startAt,
  stopAt,
  tagAt,
} from '../helpers/mix.ts'

test('blocks begin at starts, stops, parameters and multiples of 128, on the very frame', async (t) => {
  const probe = await archiveFrom(probeWat(), PARAMS)
  const spec = specOf(probe.archive, 'a', { params: { level: 3 } })
  const commands = [
    startAt(37, spec),
    paramAt(200, spec, 'level', 4),
    paramAt(300, spec, 'gain', -6),
    stopAt(413, spec),
  ]
  const { stems } = renderAll([probe], commands, 1_024)
  const at = pulses(stems.get('a')?.rawLeft)
  t.deepEqual(at.slice(0, 8), [
    [37, 3],
    [128, 3],
    [200, 4],
    [256, 4],
    [300, 4],
    [384, 4],
    [413, 4],
    [512, 4],
  ])
  t.equal(
    stems.get('a')?.left[37],
    Math.fround(0.7079_4677734375 * fadeIn(0)),
    'an impulse on the first frame is there',
  )
  t.end()
})

test('what others do cuts nothing, and neither does a tag that was not opened', async (t) => {
  const probe = await archiveFrom(probeWat(), PARAMS)
  const [a, b] = [specOf(probe.archive, 'a'), specOf(probe.archive, 'b')]
  const commands = [startAt(0, a), startAt(0, b), paramAt(77, b, 'level', 5), tagAt(99, `${PLAYER}/other`, 1)]
  const { stems } = renderAll([probe], commands, 256)
  t.deepEqual(pulses(stems.get('a')?.rawLeft), [
    [0, 2],
    [128, 2],
  ])
  t.deepEqual(pulses(stems.get('b')?.rawLeft).slice(0, 2), [
    [0, 2],
    [77, 5],
  ])
  t.end()
})

test('a tempo point cuts the block', async (t) => {
  const probe = await archiveFrom(probeWat())
  const at = { comparable: 0, key: '' as EntryKey }
  const grid = new Grid([
    { bar: 0, tempo: 112, meter: '4/4', ...at },
    { bar: 1, tempo: 90, ...at },
  ])
  const point = grid.frameOfBar(1)
  const frames = Math.ceil(point / 128 + 1) * 128
  const { stems } = renderAll([probe], [startAt(0, specOf(probe.archive, 'a'))], frames, { grid })
  t.notEqual(point % 128, 0)
  t.ok(pulses(stems.get('a')?.rawLeft).some(([frame]) => frame === point))
  t.end()
})

test('a block is cut at most 16 times in 128 frames, the rest waits for the next multiple', async (t) => {
  const probe = await archiveFrom(probeWat(), PARAMS)
  const spec = specOf(probe.archive, 'a')
  const many = Array.from({ length: 40 }, (_, i) => paramAt(2 * i + 3, spec, 'level', 0.1 * i + 1))
  const { stems } = renderAll([probe], [startAt(0, spec), ...many], 256)
  const at = pulses(stems.get('a')?.rawLeft)
  t.equal(at.length, 18)
  t.deepEqual(
    at.slice(0, 17).map(([frame]) => frame),
    [0, ...Array.from({ length: 16 }, (_, i) => 2 * i + 3)],
  )
  t.deepEqual(at[17], [128, Math.fround(0.1 * 39 + 1)], 'the last one holds there')
  t.end()
})

test('a parameter over time is told at multiples of 128 from the value in force; a later one cuts it', async (t) => {
  const probe = await archiveFrom(probeWat(), PARAMS)
  const spec = specOf(probe.archive, 'a')
  const commands = [startAt(0, spec), paramAt(64, spec, 'level', 6, 256), paramAt(600, spec, 'level', 99, 0)]
  const { stems } = renderAll([probe], commands, 768)
  t.deepEqual(pulses(stems.get('a')?.rawLeft), [
    [0, 2],
    [64, 2],
    [128, 3],
    [256, 5],
    [384, 6],
    [512, 6],
    [600, 10],
    [640, 10],
  ])
  t.end()
})
