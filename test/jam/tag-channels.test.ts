import fc from 'fast-check'
import test from 'tape'
import { refOf, type PlayerRef } from '../../lib/base/index.ts'
import { keyOf, keysFinding, matches, parsePattern, TagBoard } from '../../lib/jam/index.ts'
import type { InstancePath, TagChange, TagView } from '../../lib/jam/index.ts'
import { ADA, BEN } from '../helpers/jams.ts'

const ada = refOf(ADA)
const ben = refOf(BEN)
const SHORTS = ['adaadaad', 'benbenbe']

const part = (...named: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...named)
const players = part(ada, ben)
const names = part('kick', 'drums', 'note')
const paths = fc.oneof(
  part('jam/kick', 'jam/drums', 'local/kick'),
  fc.tuple(players, names).map((parts) => parts.join('/')),
  fc.tuple(players, names, names, names).map((parts) => parts.join('/')),
  fc.tuple(players, names, names, names).map(([player, a, b, c]) => `${player}/${a}/${b}/note/${c}`),
)
const who = part(ada, ben, '*', ...SHORTS)
const some = part('kick', 'drums', 'note', '*')
const globs = fc.oneof(
  names,
  part('jam/kick', 'jam/drums', 'local/kick', 'note/kick', 'note/*'),
  fc.tuple(who, some).map((parts) => parts.join('/')),
  fc.tuple(who, some, some, some).map((parts) => parts.join('/')),
  fc.tuple(who, some, some, some).map(([player, a, b, c]) => `${player}/${a}/${b}/note/${c}`),
)

test('tag channels: the keys that find a path are those of the patterns that match it', (t) => {
  const means = new Map([['adaadaad', ada]])
  const same = fc.property(globs, paths, (glob, path) => {
    const pattern = parsePattern(glob)
    if (!pattern) throw new Error(`${glob} is no pattern`)
    const parts = path.split('/')
    const keys = keysFinding(parts, parts[0] === ada ? ['adaadaad'] : [])
    const found = matches(pattern, parts, (short) => means.get(short))
    return found === keys.includes(keyOf(pattern)) && new Set(keys).size === keys.length
  })
  t.doesNotThrow(() => fc.assert(same, { numRuns: 5_000, seed: 3 }))
  t.end()
})

/** Reads of a handle by comparing its pattern with each path: when it is opened, and when a path is set for the first time. */
interface Slow {
  readonly glob: string
  readonly found: Set<string>
}
const steps = fc.oneof(
  fc.record({ kind: fc.constant('open' as const), view: fc.nat(2), glob: globs }),
  fc.record({ kind: fc.constant('set' as const), paths: fc.array(paths, { minLength: 1, maxLength: 4 }) }),
  fc.record({ kind: fc.constant('know' as const), short: part(...SHORTS), player: fc.option(players) }),
  fc.record({ kind: fc.constant('close' as const), view: fc.nat(9) }),
)

test('tag channels: whoever opens what, in whatever order, reads what it would by itself', (t) => {
  const same = fc.property(fc.array(steps, { minLength: 20, maxLength: 60, size: 'max' }), (played) => {
    const means = new Map<string, PlayerRef>()
    const resolve = (short: string): PlayerRef | undefined => means.get(short)
    const board = new TagBoard(resolve)
    const slow: Slow[][] = [[], [], []]
    const values = new Map<string, { value: number; frame: number }>()
    const finds = (glob: string, path: string): boolean => {
      const pattern = parsePattern(glob)
      return pattern !== undefined && matches(pattern, path.split('/'), resolve)
    }
    const selfOf = (view: number): InstancePath => `${ada}/reader/i-${view}` as InstancePath
    let frame = 0
    for (const step of played) {
      frame += 128
      if (step.kind === 'open') {
        const { glob } = step
        board.view(selfOf(step.view)).open(glob)
        slow[step.view]?.push({ glob, found: new Set([...values.keys()].filter((path) => finds(glob, path))) })
      } else if (step.kind === 'know') {
        if (step.player === null) means.delete(step.short)
        else means.set(step.short, step.player as PlayerRef)
      } else if (step.kind === 'close') {
        board.close(selfOf(step.view))
        if (step.view in slow) slow[step.view] = []
      } else {
        const changes: TagChange[] = step.paths.map((path, n) => ({ path, value: frame + n, frame: frame + n }))
        for (const { path } of changes)
          if (!values.has(path)) for (const { glob, found } of slow.flat()) if (finds(glob, path)) found.add(path)
        for (const { path, value } of changes) values.set(path, { value: Number(value), frame: Number(value) })
        board.apply(changes)
      }
      for (const [n, handles] of slow.entries()) {
        const view: TagView = board.view(selfOf(n))
        for (const [handle, { found }] of handles.entries()) {
          const all = [...found].map((path) => values.get(path)).sort((a, b) => (b?.frame ?? 0) - (a?.frame ?? 0))
          if (JSON.stringify(view.point(handle)) !== JSON.stringify(all[0])) return false
        }
      }
    }
    return true
  })
  t.doesNotThrow(() => fc.assert(same, { numRuns: 1_000, seed: 5 }))
  t.end()
})

test('tag channels: what new paths cost does not grow with the handles that do not find them', (t) => {
  let asked = 0
  const board = new TagBoard((short) => {
    asked++
    return short === 'adaadaad' ? ada : undefined
  })
  const many = Array.from({ length: 16 }, (_, n) => n)
  const handles = Array.from({ length: 64 }, (_, n) => n)
  for (const n of many) {
    const view = board.view(`${ben}/reader/i-${n}` as InstancePath)
    for (const handle of handles) t.ok(view.open(`adaadaad/other-${handle}/*/*`) >= 0)
  }
  asked = 0
  board.stage(
    many.flatMap((n) => handles.map((m) => ({ path: `${ada}/setter/i-${n}/tag-${m}`, value: m, frame: 128 }))),
  )
  t.equal(asked, 1, 'whom the one short id means')
  t.end()
})

test('tag channels: notes are told in the order of handles, whichever of their patterns was opened first', (t) => {
  const board = new TagBoard()
  const first = board.view(`${ben}/reader/one` as InstancePath)
  first.open('*/drums/*/note/kick')
  const view = board.view(`${ben}/reader/two` as InstancePath)
  for (const glob of ['note/kick', '*/drums/*/note/kick', `${ada}/*/*/note/*`]) view.watch(view.open(glob))
  const note = { velocity: 1, beats: 1 }
  board.apply([{ path: `${ada}/drums/one/note/kick`, value: 36, frame: 128, note }])
  const told: number[] = []
  view.tell({ event: () => t.fail('a note is no tag'), note: (handle) => told.push(handle) }, 0)
  t.deepEqual(told, [0, 1, 2])
  t.end()
})
