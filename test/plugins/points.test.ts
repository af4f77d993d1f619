import { appendFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'tape'
import type { Folded } from '../../lib/jam/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { soundContract, type TagRow } from '../../plugins/sound/index.ts'
import { Heard } from '../../plugins/sound/heard.ts'
import { pointsOf, type Asked } from '../../plugins/sound/history.ts'
import { PointLog } from '../../plugins/sound/point-log.ts'
import { namesIn, POINTS, pointsFolderOf, sweepPoints, takesOf } from '../../plugins/sound/take-folder.ts'
import { codeOf, memoryLog, Teardown } from '../helpers/hosts.ts'
import { archiveOf, assemble, generatorWat } from '../helpers/generators.ts'
import { startedJam, toldAll } from '../helpers/jams.ts'
import { e2e, startSounding, type TestNode } from '../helpers/node-kit.ts'
import { asked, marmalade } from '../helpers/programs.ts'
import { eventually, until } from '../helpers/until.ts'

/** Sets `count` to how many blocks it has rendered, in each. */
const COUNTER = generatorWat({
  head: `(import "marmalade" "tag_set" (func $set (param i32 i32 f64 f64)))
    (global $n (mut i32) (i32.const 0))`,
  process: `(global.set $n (i32.add (global.get $n) (i32.const 1)))
    (call $set (i32.const 0) (i32.const 5) (f64.convert_i32_s (global.get $n)) (f64.const nan)) (i32.const 0)`,
  tail: '(data (i32.const 0) "count")',
})
const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, n) => from + n)
const values = (rows: readonly TagRow[]): unknown[] => rows.map(({ value }) => value)
const gaps = (rows: readonly TagRow[]): unknown[] =>
  rows.flatMap(({ value, missed }) => (missed === undefined ? [] : [[value, missed]]))

/** A state as a node holds it, with what it left in a folder of takes. */
class Kept {
  readonly log = memoryLog()
  readonly heard = new Heard(() => toldAll(startedJam().entries).members)
  readonly folder: string
  readonly points: PointLog

  constructor(folder: string, startedAt: number) {
    this.folder = folder
    this.points = this.heard.keepIn(pointsFolderOf(join(folder, `${startedAt}.take`)), startedAt, () => undefined)
  }

  /** Tags `path` with numbers, each 10 frames after the one before. */
  tag(path: string, from: number, count: number): void {
    for (const n of numbers(from, count))
      this.heard.hear({ kind: 'tags', changes: [{ path, value: n, frame: n * 10 }] })
  }

  ask(asked: Asked): Promise<TagRow[]> {
    return pointsOf({ heard: this.heard, folder: this.folder, log: this.log }, asked)
  }
}

test('what is in memory no longer is read from disk, as one series', async (t) => {
  const kit = new Teardown()
  const kept = new Kept(await kit.folder(), 1_000)
  kept.tag('jam/beat', 0, 1_000)
  kept.tag('jam/bar', 500, 3)
  t.deepEqual(values(await kept.ask({ glob: 'jam/beat', last: 600 })), numbers(400, 600))
  t.deepEqual(values(await kept.ask({ glob: 'jam/beat', from: 2_000, to: 9_000 })), numbers(200, 700))
  t.deepEqual(gaps(await kept.ask({ glob: 'jam/beat' })), [], 'nothing is missing')
  kept.tag('jam/beat', 1_000, 300)
  t.deepEqual(values(await kept.ask({ glob: 'jam/*', from: 4_990 })).slice(0, 6), [499, 500, 500, 501, 501, 502])
  t.equal((await kept.ask({ glob: 'jam/*' })).length, 1_303)
  t.deepEqual(values(await kept.ask({ glob: 'nothing' })), [])
  const asking = kept.ask({ glob: 'jam/beat', from: 0 })
  kept.tag('jam/beat', 1_300, 700)
  t.deepEqual(values(await asking), numbers(0, 1_300), 'as it stood when it was asked')
  await kept.points.close()
  kept.tag('jam/beat', 2_000, 600)
  t.deepEqual(gaps(await kept.ask({ glob: 'jam/beat' })), [[2_432, 432]], 'what nobody kept is said to be missing')
  t.deepEqual(kept.log.lines, [])
  await kit.run()
})

test('what the engine left out is said to be missing; what came before it is read from disk', async (t) => {
  const kit = new Teardown()
  const kept = new Kept(await kit.folder(), 1_000)
  kept.tag('jam/beat', 0, 20)
  kept.heard.hear({ kind: 'tags', changes: [{ path: 'jam/beat', value: 77, frame: 500, missed: 57 }] })
  kept.heard.hear({ kind: 'tags', changes: [{ path: 'jam/beat', value: 78, frame: 510 }] })
  for (const asked of [{ glob: 'jam/beat' }, { glob: 'jam/beat', last: 4 }]) {
    const rows = await kept.ask(asked)
    t.deepEqual(values(rows).slice(-4), [18, 19, 77, 78])
    t.deepEqual(gaps(rows), [[77, 57]])
  }
  await kit.run()
})

test('a session that broke off in mid-line is read by the next one, and what is gone with its take is not', async (t) => {
  const kit = new Teardown()
  const folder = await kit.folder()
  const first = new Kept(folder, 999)
  first.heard.mixed({ frame: 5, target: { kind: 'track', track: 'bass' }, setting: { gain: -3 } })
  first.tag('jam/beat', 0, 10)
  await first.points.flush()
  const [part = ''] = await readdir(pointsFolderOf(join(folder, '999.take')))
  await appendFile(join(folder, '999.take.points', part), '{"path":"jam/beat","before":10,"points":[[100,1')
  await Promise.all(['999.take', '1000.take'].map((name) => writeFile(join(folder, name), '')))
  const second = new Kept(folder, 1_000)
  second.heard.mixed({ frame: 5, target: { kind: 'track', track: 'bass' }, setting: { gain: -3 } })
  second.tag('jam/beat', 20, 5)
  t.deepEqual(values(await second.ask({ glob: 'jam/beat', from: 0 })), [...numbers(0, 10), ...numbers(20, 5)])
  t.equal((await second.ask({ glob: 'local/mix/*/gain', from: 0 })).length, 1, 'what it began with is told once')
  t.deepEqual(second.log.lines, [], 'a torn line is what a crash leaves')
  await appendFile(join(folder, '999.take.points', part), '\n')
  t.equal((await second.ask({ glob: 'jam/beat', from: 0 })).length, 15)
  t.equal(second.log.lines.length, 1, 'a damaged one is logged')
  await rm(join(folder, '999.take'))
  await sweepPoints(folder)
  t.deepEqual(await namesIn(folder, POINTS), ['1000.take.points'])
  t.deepEqual(values(await second.ask({ glob: 'jam/beat', from: 0 })), numbers(20, 5))
  await kit.run()
})

test('points on disk are bounded: by what waits, by the parts of a session, by an answer', async (t) => {
  const kit = new Teardown()
  const folder = join(await kit.folder(), 'points')
  const failures: unknown[] = []
  const log = new PointLog({ folder, since: 1, onFailure: (error) => failures.push(error), partBytes: 4_000, parts: 3 })
  const add = (path: string, from: number, count: number): void => {
    for (const n of numbers(from, count)) log.add({ path, point: { value: n, frame: n }, before: n } satisfies Folded)
  }
  for (let from = 0; from < 3_000; from += 100) {
    add('jam/beat', from, 100)
    await log.flush()
  }
  const parts = await readdir(folder)
  t.equal(parts.length, 3)
  for (const part of parts) t.ok((await stat(join(folder, part))).size <= 4_000)
  t.ok((await readFile(join(folder, parts.sort().at(-1) ?? ''), 'utf8')).includes('[2999,2999]'), 'the newest are kept')
  t.equal((await stat(folder)).mode & 0o077, 0, "the owner's alone")

  add('jam/bar', 0, 100_000)
  await log.flush()
  const [newest = ''] = (await readdir(folder)).sort().reverse()
  t.ok((await stat(join(folder, newest))).size < 400_000, 'so much waits, and no more')
  await log.close()
  log.add({ path: 'jam/beat', point: { value: 'too late', frame: 3_000 }, before: 3_000 })
  await log.flush()
  t.notOk((await readFile(join(folder, newest), 'utf8')).includes('too late'), 'nothing once it is closed')
  t.deepEqual(failures, [])

  const kept = new Kept(await kit.folder(), 1_000)
  for (let from = 0; from < 70_000; from += 5_000) {
    kept.tag('jam/beat', from, 5_000)
    await kept.points.flush()
  }
  const rows = await kept.ask({ glob: 'jam/beat', from: 0 })
  t.deepEqual(
    [rows.length, rows[0]?.value, rows[0]?.missed],
    [65_536, 4_464, 4_464],
    'the newest, and how many are not',
  )
  await kit.run()
})

test('a disk that takes no points is told once', async (t) => {
  const kit = new Teardown()
  const folder = join(await kit.folder(), 'points')
  await writeFile(folder, 'in the way')
  const failures: unknown[] = []
  const log = new PointLog({ folder, since: 1, onFailure: (error) => failures.push(error) })
  for (let n = 0; n < 3; n++) {
    log.add({ path: 'jam/beat', point: { value: n, frame: n }, before: n })
    await log.flush()
  }
  await log.close()
  t.equal(failures.length, 1)
  t.equal(await readFile(folder, 'utf8'), 'in the way')
  await kit.run()
})

const history = async (node: TestNode, asked: { path: string; from?: number; to?: number; last?: number }) => {
  const rows: TagRow[] = []
  for await (const row of node.ask(soundContract).tags.history(asked)) rows.push(row)
  return rows
}
const counted = (node: TestNode, least: number): Promise<unknown> =>
  until(
    'the counter has come so far',
    async () => (await node.ask(soundContract).tags.get({ path: 'count' })).value,
    (value) => typeof value === 'number' && value >= least,
  )
/** Values that go on from one to the next, but where another session begins. */
const runsOf = (rows: readonly TagRow[]): number =>
  rows.filter(({ value }, n) => n === 0 || value !== Number(rows[n - 1]?.value) + 1).length

e2e('a jam remembers more than is in memory, over restarts, until its takes are gone', async (t, kit) => {
  const folder = await kit.folder()
  const ada = await kit.node({ home: join(folder, 'home') })
  t.equal(await codeOf(history(ada, { path: 'count' })), 'NOT_SOUNDING')
  await ada.publishUnchecked('counter', archiveOf(await assemble(COUNTER)))
  const jam = await startSounding('friday', ada)
  await ada.ask(jamsContract).perform.play({ generator: 'counter', on: 'now' })
  await counted(ada, 700)
  const rows = await history(ada, { path: 'count', last: 600 })
  t.deepEqual([rows.length, runsOf(rows)], [600, 1], 'more than twice what is in memory')
  t.ok(rows.every(({ frame }, n) => n === 0 || frame > (rows[n - 1]?.frame ?? 0)))
  const two = await history(ada, { path: 'count', from: 1, to: 2 })
  const { frame: start = 0 } = await ada.ask(soundContract).tags.get({ path: 'count' })
  t.ok(
    two.every(({ frame }) => frame < 96_000),
    'bars of two seconds',
  )
  t.deepEqual(await history(ada, { path: 'count', from: Math.ceil(start / 96_000) + 1_000 }), [], 'not yet')
  const { points = [] } = await ada.ask(soundContract).tags.get({ path: 'count', last: 256 })
  t.deepEqual([points.length, runsOf(points)], [256, 1], 'as many as are asked for, though half of them may be on disk')

  const { home } = ada.node
  const shown = await asked<{ points: TagRow[] }>(['tag', 'get', 'count', '--last', '500'], { home: home.path })
  t.deepEqual([shown.points.length, runsOf(shown.points)], [500, 1])
  const lines = (await marmalade(['tag', 'get', 'count', '--from', '1'], { home: home.path })).stdout.split('\n')
  t.ok(lines.length > 700, 'a line each')
  t.equal((await marmalade(['tag', 'get', 'count', '--from', '0'], { home: home.path })).code, 2)

  await ada.node.close()
  const takes = takesOf(home.takes, jam)
  const [session = ''] = await namesIn(takes, POINTS)
  const [part = ''] = (await readdir(join(takes, session))).sort().reverse()
  await appendFile(join(takes, session, part), '{"path":"')
  const again = await kit.node({ home: home.path })
  await eventually(
    'it sounds again',
    () => again.sound(),
    ({ frame }) => frame !== undefined,
  )
  await until('it counts anew', async () => (await history(again, { path: 'count', from: 1 })).length > 1_000)
  const both = await history(again, { path: 'count', from: 1 })
  t.equal(runsOf(both), 2, 'two sessions, each whole')
  t.equal(both[0]?.value, 1)

  const [, now = ''] = await namesIn(takes, POINTS)
  await rm(join(takes, now), { recursive: true })
  await writeFile(join(takes, now), '')
  const told = (): number => again.log.lines.filter(({ message }) => message.includes('kept no more')).length
  await until('it is told', told)
  const { frame = 0 } = await again.sound()
  await again.sounds('the jam goes on', (seen) => (seen.frame ?? 0) > frame + 48_000)
  t.equal(told(), 1, 'once')
  await again.node.close()
  await rm(join(takes, now))
  await rm(join(takes, session.replace('.points', '')))
  const last = await kit.node({ home: home.path })
  await eventually(
    'it sounds once more',
    () => last.sound(),
    ({ frame }) => frame !== undefined,
  )
  t.notOk((await namesIn(takes, POINTS)).includes(session), 'they go with their take')
})
