import test from 'tape'
import { refOf } from '../../lib/base/index.ts'
import { JamState, MAX_POINTS } from '../../lib/jam/index.ts'
import type { TagPoint } from '../../lib/jam/index.ts'
import { ADA, BEN } from '../helpers/jams.ts'

const ada = refOf(ADA)
const ben = refOf(BEN)
const tag = (path: string, frame: number, value: number | string) => ({ kind: 'tag', frame, path, value }) as const

test('state: values at a frame, the last n, a range', (t) => {
  const state = new JamState()
  for (const frame of [0, 100, 100, 200]) state.fold(tag(`${ada}/mood`, frame, state.last(`${ada}/mood`, 9).length))
  t.equal(state.at(`${ada}/mood`, -1), undefined)
  t.deepEqual(state.at(`${ada}/mood`, 100), { frame: 100, value: 2 }, 'of two at one frame the last')
  t.deepEqual(state.at(`${ada}/mood`, 199), { frame: 100, value: 2 })
  t.deepEqual(
    state.last(`${ada}/mood`, 2).map((point) => point.value),
    [2, 3],
  )
  t.deepEqual(state.last(`${ada}/mood`, 0), [])
  t.deepEqual(
    state.range(`${ada}/mood`, 100, 200).map((point) => point.value),
    [1, 2],
  )
  state.fold(tag(`${ada}/mood`, 150, 9))
  t.deepEqual(state.last(`${ada}/mood`), [{ frame: 200, value: 9 }], 'time runs one way')
  t.deepEqual(state.last('nothing'), [])
  t.end()
})

test('state: every kind of observation has its place; globs', (t) => {
  const state = new JamState()
  state.fold(tag(`${ada}/drums/one/kick`, 1, 1))
  state.fold(tag(`${ben}/kick`, 1, 2))
  state.fold({ kind: 'entry', frame: 2, key: '%x' })
  state.fold({ kind: 'instance', frame: 3, path: `${ada}/drums/one`, sounding: true })
  state.fold({ kind: 'mix', frame: 4, target: 'drums', what: 'mute', value: 1 })
  state.fold({ kind: 'reading', frame: 5, path: 'net/offset', value: 0.5 })
  t.deepEqual(state.newest('kick'), { frame: 1, value: 2, path: `${ben}/kick` }, 'by anybody')
  t.deepEqual(state.match('*/*/*/kick'), [`${ada}/drums/one/kick`])
  t.deepEqual(state.match('local/instance/*/*/*'), [`local/instance/${ada}/drums/one`])
  t.equal(state.at('local/mix/drums/mute', 4)?.value, 1)
  t.equal(state.at('local/entry', 2)?.value, '%x')
  t.equal(state.newest('net/*')?.value, 0.5)
  t.equal(state.newest('net/nothing'), undefined)
  t.end()
})

test('state: subscriptions and until', async (t) => {
  const state = new JamState()
  const seen: [string, TagPoint][] = []
  const stop = state.subscribe('kick', (path, point) => seen.push([path, point]))
  const waiting = state.until('kick', (value) => value === 2)
  state.fold(tag(`${ada}/kick`, 1, 1))
  state.fold(tag(`${ada}/snare`, 2, 1))
  state.fold(tag(`${ben}/kick`, 3, 2))
  t.deepEqual(await waiting, { frame: 3, value: 2 })
  t.deepEqual(await state.until('kick', (value) => value === 2), { frame: 3, value: 2 }, 'what holds already')
  stop()
  state.fold(tag(`${ben}/kick`, 4, 3))
  t.equal(seen.length, 2)
  const controller = new AbortController()
  const never = state.until('kick', (value) => value === 9, controller.signal)
  controller.abort(new Error('enough'))
  t.equal(await never.catch((error: unknown) => (error as Error).message), 'enough')
  t.end()
})

test('state: who folds keeps all points, the state the newest of each path', (t) => {
  const path = `${ada}/kick`
  const kept: TagPoint[] = []
  const state = new JamState()
  for (let frame = 0; frame <= MAX_POINTS; frame++) {
    const folded = state.fold(tag(path, frame, frame))
    if (folded?.before === kept.length) kept.push(folded.point)
    state.fold(tag(`${ben}/snare`, frame, frame))
  }
  t.equal(kept.length, MAX_POINTS + 1, 'each is told once, with how many came before it')
  t.deepEqual([...state.kept('kick').keys()], [path])
  const { before = 0, points = [] } = state.kept('kick').get(path) ?? {}
  t.ok(before > 0 && points.length < MAX_POINTS, 'the oldest are gone')
  t.deepEqual(kept.slice(before), points, 'and it is known how many')
  const small = new JamState({ points: 2 })
  for (let frame = 0; frame < 100; frame++) small.fold(tag(path, frame, frame))
  t.deepEqual([small.kept(path).get(path)?.before, small.last(path, 9).map(({ frame }) => frame)], [98, [98, 99]])
  t.end()
})

test('state: what was not observed counts among what a path had, and what is kept has no gap', (t) => {
  const path = `${ada}/kick`
  const state = new JamState()
  const missed: number[] = []
  state.subscribe('kick', (_path, _point, before) => missed.push(before))
  for (let frame = 0; frame < 5; frame++) state.fold(tag(path, frame, frame))
  t.deepEqual(state.fold({ ...tag(path, 3, 9), missed: 7 }), { path, point: { frame: 4, value: 9 }, before: 12 })
  state.fold(tag(path, 5, 10))
  t.deepEqual(state.kept(path).get(path), {
    before: 12,
    points: [
      { frame: 4, value: 9 },
      { frame: 5, value: 10 },
    ],
  })
  t.deepEqual(missed, [0, 0, 0, 0, 0, 7, 0])
  t.deepEqual(state.fold({ ...tag(`${ben}/kick`, 1, 1), missed: 2 })?.before, 2, 'the first that is observed')
  t.end()
})

test('state: texts of some paths do not fill the memory, nor cost others their points', (t) => {
  const weight = 1024 * 1024
  const state = new JamState({ weight })
  const path = (n: number): string => `${ada}/drums/one/text-${n}`
  const text = 'x'.repeat(1024)
  const kept = (): number =>
    [...state.kept('*/*/*/*').values()].flatMap(({ points }) => points).filter(({ value }) => value === text).length
  for (let frame = 0; frame < 200; frame++) state.fold(tag(`${ben}/kick`, frame, frame))
  let folded = 0
  for (let frame = 0; frame < 200; frame++)
    for (let n = 0; n < 64; n++) if (state.fold(tag(path(n), frame, text))?.before === frame) folded++
  t.equal(folded, 200 * 64, 'it is known how many there were')
  t.ok(1056 * kept() <= weight, `${kept()} of them are kept`)
  t.ok(kept() >= 64)
  for (let n = 0; n < 64; n++) t.deepEqual(state.last(path(n)), [{ frame: 199, value: text }], 'the newest of each')
  t.equal(state.last(`${ben}/kick`, 500).length, 200)
  for (let n = 0; n < 4_000; n++) state.fold(tag(path(n), 200, text))
  t.equal(state.match('*/*/*/*').length, 4_000, 'one of each, though they weigh more')
  t.equal(state.last(path(17)).length, 1)
  t.end()
})
