import fc from 'fast-check'
import test from 'tape'
import { jamIdOf, name as checkedName, refOf } from '../../lib/base/index.ts'
import { lineColumns } from '../../bin/terminal/index.ts'
import { parsePlay } from '../../bin/watch/acts.ts'
import { Model } from '../../bin/watch/model.ts'
import { Pick, SCOPES } from '../../bin/watch/pick.ts'
import { frameOf, type Ui } from '../../bin/watch/view.ts'
import type { Watched, WatchedInstance } from '../../plugins/watch/index.ts'
import { ADA as self, BEN as other } from '../helpers/jams.ts'

const NAMES = ['a', 'kick-2', '日本語のとても長い名前', 'x'.repeat(64), '👩‍👩‍👧', 'é'.repeat(40)]

function instanceAt(at: number): WatchedInstance {
  const player = at % 3 === 0 ? other : self
  const name = NAMES[at % NAMES.length] ?? ''
  const state = at % 7 === 6 ? 'due' : 'sounds'
  return {
    path: `${refOf(player)}/drums/i${at}`,
    name,
    player,
    shown: player === self ? 'ada' : NAMES[2]!,
    own: player === self,
    generator: 'drums',
    ...(at % 4 > 0 && { track: `track${at % 4}` }),
    state,
    ...(state === 'due' && { from: 900 + at }),
    ...(at % 5 === 0 && { until: 1_000_000 }),
  }
}

function watchedOf(count: number): Watched {
  const instances = Array.from({ length: count }, (_, at) => instanceAt(at))
  const player = { player: self, shown: 'ada', link: 'self', standing: 'in' } as const
  return {
    place: { bar: 1_234, pulse: 3.5, pulses: 7, pulseMillis: 200 },
    jam: {
      jam: jamIdOf(self, checkedName('friday')),
      name: 'friday',
      shown: NAMES[2]!,
      tempo: 123.456,
      meter: '7/8',
      ended: false,
      context: NAMES[3]!,
      clock: { from: 'member', player: other, shown: NAMES[3]!, offset: 3, error: 2 },
    },
    sound: { state: 'lost', why: NAMES[3]!, sink: 'wav:x', underruns: 12, skipped: 3, late: 0, nudge: 0, fetching: 2 },
    levels: {
      master: [1, 0.5],
      momentary: -9.5,
      integrated: -10.5,
      reduction: 2,
      instances: instances.map((_, at) => [1 / (at + 1), 0.1]),
      tracks: [{ track: 'track1', level: [0.5, 0.25] }],
      buses: [],
    },
    instances,
    players: [
      player,
      ...Array.from({ length: count }, () => ({ ...player, player: other, shown: NAMES[2]!, link: 'away' as const })),
    ],
    mix: [{ target: instances[0]?.path ?? '', gain: -12.5, pan: 0, mute: true, solo: true }],
    tags: NAMES.map((value, at) => ({
      path: `${refOf(other)}/t${at}`,
      by: NAMES[3]!,
      name: `t${at}`,
      value,
      bar: 99_999,
    })),
    talk: NAMES.map((text, at) => ({ key: `%${at}` as never, shown: NAMES[at % 2]!, text: `${text} `.repeat(at + 1) })),
    failures: [{ what: NAMES[3]!, message: NAMES[3]!.repeat(3) }],
  }
}

test('whatever is shown, no view draws beside or below a screen of any size, and the last row tells how to leave', (t) => {
  const views = ['jam', 'faders', 'help'] as const
  const size = fc.tuple(fc.integer({ min: 1, max: 220 }), fc.integer({ min: 1, max: 70 }))
  fc.assert(
    fc.property(
      size,
      fc.nat(40),
      fc.nat(45),
      fc.constantFrom(...views),
      fc.constantFrom(...SCOPES),
      (screen, count, at, view, scope) => {
        const [columns, rows] = screen
        const model = new Model(() => 0)
        model.fold(watchedOf(count))
        const pick = new Pick()
        pick.scope = scope
        pick.move(model, at)
        const ui: Ui = { pick, view, message: undefined, prompt: undefined }
        const { lines } = frameOf(model, ui, columns, rows)
        if (columns < 40 || rows < 10) return lines.length === 1
        const last = JSON.stringify(lines.at(-1))
        return lines.length === rows && last.includes('quit') && lines.every((line) => lineColumns(line) <= columns)
      },
    ),
    { numRuns: 300 },
  )
  t.pass('300 screens')
  t.end()
})

test('who asks is told from who has gone, a jam that is over from a silent one, and wide screens show whole tracks', (t) => {
  const shown = (change: Partial<Watched>, columns: number): string => {
    const model = new Model(() => 0)
    model.fold({ ...watchedOf(4), ...change })
    const ui: Ui = { pick: new Pick(), view: 'jam', message: undefined, prompt: undefined }
    const { lines } = frameOf(model, ui, columns, 30)
    return lines.map((line) => line.map((part) => (typeof part === 'string' ? part : part.text)).join('')).join('\n')
  }
  const { jam, players = [], instances = [] } = watchedOf(4)
  const [player] = players
  if (!player || !jam) throw new Error('nobody to show')
  const others = (['asks', 'gone'] as const).map((standing) => ({
    ...player,
    player: other,
    shown: standing[0]!,
    standing,
  }))
  t.match(shown({ players: [player, ...others] }, 80), /a +asks.*\n.*g +gone/)
  t.match(shown({ instances: [], jam: { ...jam, ended: true } }, 80), /the jam is over: replay/)
  t.match(shown({ instances: [] }, 80), /nothing plays: p plays/)
  const long = instances.map((instance) => ({ ...instance, track: 'percussion' }))
  t.doesNotMatch(shown({ instances: long }, 80), /percussion/)
  t.match(shown({ instances: long }, 120), /percussion/)
  t.end()
})

test('at 80x24 sixteen instances are all there; of more is said how many are not', (t) => {
  const shown = (count: number): string => {
    const model = new Model(() => 0)
    model.fold(watchedOf(count))
    const ui: Ui = { pick: new Pick(), view: 'jam', message: undefined, prompt: undefined }
    return JSON.stringify(frameOf(model, ui, 80, 24).lines)
  }
  t.notOk(shown(16).includes(' below'))
  t.ok(shown(30).includes('13 below'))
  t.end()
})

test('what a key set is shown until the node tells of it, and what the node refused is not', (t) => {
  let now = 0
  const model = new Model(() => now)
  model.fold(watchedOf(2))
  const path = instanceAt(1).path
  model.believe(path, { gain: -3 })
  t.equal(model.setting(path).gain, -3)
  model.believe(path, { gain: -4 })
  model.fold({ mix: [{ target: path, gain: -3, pan: 0, mute: false, solo: false }] })
  t.equal(model.setting(path).gain, -4, 'the node has the first of two')
  now = 2_000
  t.equal(model.setting(path).gain, -3, 'the node knows better in the end')
  model.believe(path, { mute: true })
  model.disbelieve()
  t.notOk(model.setting(path).mute)
  t.end()
})

test('an instance that is gone leaves its place to its neighbour', (t) => {
  const model = new Model(() => 0)
  model.fold(watchedOf(4))
  const pick = new Pick()
  pick.move(model, 2)
  model.fold({ instances: [0, 1, 3].map(instanceAt) })
  t.equal(pick.instance(model)?.path, instanceAt(3).path)
  model.fold({ instances: [] })
  t.equal(pick.instance(model), undefined)
  t.end()
})

test('what is to be played is read as people write it', (t) => {
  t.deepEqual(parsePlay(' drums as d2 --on 4bars level=-0.5 '), {
    generator: 'drums',
    as: 'd2',
    on: '4bars',
    params: { level: -0.5 },
  })
  for (const wrong of ['', 'drums loud', 'drums level=high']) t.throws(() => parsePlay(wrong))
  t.end()
})
