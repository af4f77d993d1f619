import test from 'tape'
import { refOf } from '../../lib/base/index.ts'
import type { Context } from '../../lib/host/index.ts'
import type { FeedsApi } from '../../plugins/feeds/index.ts'
import { jamsContract, type JamsApi } from '../../plugins/jams/index.ts'
import { Heard } from '../../plugins/sound/heard.ts'
import { soundContract, type TagRow } from '../../plugins/sound/index.ts'
import type { Stand } from '../../plugins/sound/stand.ts'
import { tagHandlers } from '../../plugins/sound/tags.ts'
import { codeOf } from '../helpers/hosts.ts'
import { startedJam, toldAll } from '../helpers/jams.ts'
import { e2e, startSounding, type TestNode } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'

const tags = (node: TestNode) => node.ask(soundContract).tags
const setTag = (node: TestNode, name: string, value: number | string) =>
  node.ask(jamsContract).perform.tag({ name, value, on: 'now' })

async function some(rows: AsyncIterable<TagRow>, count: number): Promise<TagRow[]> {
  const taken: TagRow[] = []
  for await (const row of rows) if (taken.push(row) === count) break
  return taken
}

e2e('tags are watched as they come, their last points are read, and a value is waited for', async (t, kit) => {
  const ada = await kit.node({ sink: 'null' })
  t.equal(await codeOf(tags(ada).until({ path: 'cue' })), 'NOT_SOUNDING')
  t.equal(await codeOf(some(tags(ada).watch({ path: 'cue' }), 1)), 'NOT_SOUNDING')
  await ada.publish('drums')
  await startSounding('friday', ada)
  const mine = refOf(ada.id)

  const watched = some(tags(ada).watch({ path: '*/color' }), 3)
  const reached = tags(ada).until({ path: `${mine}/color`, value: 'red' })
  for (const value of [1, 2, 'red', 4]) {
    await setTag(ada, 'color', value)
    await until(
      'it is heard',
      () => tags(ada).get({ path: 'color' }),
      (seen) => seen.value === value,
    )
  }
  const rows = await watched
  t.deepEqual(
    rows.map(({ path, value }) => [path, value]),
    [1, 2, 'red'].map((value) => [`${mine}/color`, value]),
  )
  t.deepEqual(await reached, { path: `${mine}/color`, value: 'red', frame: rows[2]?.frame })
  const { value, points } = await tags(ada).get({ path: 'color', last: 2 })
  t.equal(value, 4)
  t.deepEqual(
    points?.map((point) => [point.path, point.value]),
    [
      [`${mine}/color`, 'red'],
      [`${mine}/color`, 4],
    ],
    'oldest first',
  )
  t.deepEqual((await tags(ada).get({ path: 'nothing', last: 5 })).points, [])
  t.equal((await tags(ada).until({ path: 'color' })).value, 4, 'any value: what is there already')
  t.equal(await codeOf(tags(ada).get({ path: 'color', last: 257 })), 'ARGUMENTS_INVALID')

  await ada.ask(jamsContract).perform.play({ generator: 'drums', on: 'now' })
  const kicks = await some(tags(ada).watch({ path: '*/drums/*/kick' }), 2)
  t.ok(
    kicks.every(({ path }) => path === `${mine}/drums/drums/kick`),
    'what an instance sets, by a glob',
  )

  const never = codeOf(tags(ada).until({ path: 'color', value: 'never' }))
  const rest = some(tags(ada).watch({ path: 'nothing' }), 1)
  const given = new AbortController()
  const cancelled = codeOf(tags(ada).until({ path: 'color', value: 'never' }, { signal: given.signal }))
  given.abort()
  t.equal(await cancelled, 'CANCELLED')
  await ada.ask(jamsContract).jam.end({ on: 'now' })
  t.equal(await never, 'NOT_SOUNDING', 'the jam is over before')
  t.deepEqual(await rest, [], 'and a watch ends with it')
})

test('who watches is told of every point that it does not get', async (t) => {
  const heard = new Heard(() => toldAll(startedJam().entries).members)
  const never = new Promise<never>(() => undefined)
  const stand = { sounding: () => ({ heard }), finished: () => never } as unknown as Stand
  const given = new AbortController()
  const watched = tagHandlers(stand, {} as FeedsApi, {} as JamsApi).watch({ path: 'jam/beat' }, {
    signal: given.signal,
  } as Context)
  const rows = (watched as AsyncIterable<TagRow>)[Symbol.asyncIterator]()
  const taken = [rows.next()]
  for (let n = 0; n < 3_000; n++) {
    const change = { path: 'jam/beat', value: n, frame: n, ...(n % 2 === 0 && { missed: 3 }) }
    heard.hear({ kind: 'tags', changes: [change] })
  }
  for (let n = 0; n < 1_023; n++) taken.push(rows.next())
  const got = (await Promise.all(taken)).map(({ value }) => value as TagRow)
  t.equal(got.at(-1)?.value, 2_999)
  t.equal(
    got.reduce((sum, { missed = 0 }) => sum + missed + 1, 0),
    3_000 + 3 * 1_500,
  )
  t.equal(got[1]?.missed, undefined)
  t.equal(got[2]?.missed, 3, 'each where they are missing')
  given.abort()
  t.end()
})
