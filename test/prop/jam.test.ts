import { createHash } from 'node:crypto'
import fc from 'fast-check'
import test from 'tape'
import { hex } from '../../lib/base/index.ts'
import type { Frames, PlayerId } from '../../lib/base/index.ts'
import { JamConductor, buildScore, scoreHash } from '../../lib/jam/index.ts'
import type { Command, ConductorEvent, Grid, JamEntry, Score, TagPoint } from '../../lib/jam/index.ts'
import { ADA, ARCHIVES, BEN, CY, JAM, JamWriter, playerNamed } from '../helpers/jams.ts'

const RUNS = Number(process.env['PROP_RUNS'] ?? 120)
const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())
/** Twelve bars of 4/4. */
const TICKS = 12 * 3840
const PLAYERS = [ADA, BEN, CY] as const
const OWN: ReadonlyMap<PlayerId, string> = new Map([
  [ADA, 'drums'],
  [BEN, 'arp'],
  [CY, 'bass'],
])

const who = fc.constantFrom(...PLAYERS)
const at = fc.oneof(
  fc.nat(TICKS),
  fc.nat(12).map((bar) => bar * 3840),
)
const instance = fc.constantFrom('one', 'two', 'three', 'four', 'five', 'six')
const on = fc.constantFrom('now', 'beat', 'bar', '4bars')
const bar = fc.nat(12)
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const when = fc.oneof(
  fc.record({ name: fc.constant('context'), value: fc.constantFrom('drop', 'break') }),
  fc.record({ name: fc.constant('kick'), value: fc.nat(2) }),
)

/** One thing that somebody publishes. */
const act = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      type: fc.constant('play' as const),
      who,
      at,
      on,
      instance,
      length: optional(fc.integer({ min: 1, max: TICKS })),
      params: optional(fc.constant({ cutoff: 100, gain: -6 })),
      replaces: optional(instance),
      when: optional(when),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('stop' as const), who, at, on, instance }) },
  {
    weight: 14,
    arbitrary: fc.record({
      type: fc.constant('param' as const),
      who,
      at,
      on,
      instance,
      name: fc.constantFrom('cutoff', 'gain', 'depth'),
      value: fc.double({ min: -100, max: 100, noNaN: true }),
      over: optional(fc.nat(TICKS)),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('tag' as const),
      who,
      at,
      on,
      name: fc.constantFrom('context', 'mood'),
      value: fc.constantFrom('drop', 'break', 3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ action: fc.constant('tempo' as const), bar, tempo: fc.integer({ min: 200, max: 999 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      action: fc.constant('meter' as const),
      bar,
      meter: fc.constantFrom('3/4', '7/8', '4/4', '5/32'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ action: fc.constant('remove' as const), identity: who, at }) },
  { weight: 1, arbitrary: fc.record({ action: fc.constant('leave' as const), who, at }) },
  { weight: 1, arbitrary: fc.record({ action: fc.constant('admit' as const), identity: who, at }) },
  {
    weight: 1,
    arbitrary: fc.record({ action: fc.constant('end' as const), at: fc.integer({ min: TICKS / 2, max: TICKS }) }),
  },
)
type Act = typeof act extends fc.Arbitrary<infer A> ? A : never
const acts = fc.array(act, { minLength: 8, maxLength: 48, size: 'max' })

/** Fields that are there. */
const given = (fields: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

function written(list: readonly Act[]): JamWriter {
  const jam = new JamWriter()
  jam.start({ tempo: 600 })
  jam.admit(ADA, BEN)
  jam.admit(BEN, CY)
  for (const [player, generator] of OWN) jam.generator(player, generator)
  for (const one of list) {
    if ('action' in one) {
      const { action, ...fields } = one
      const by = 'who' in fields ? fields.who : ADA
      jam.action(by, action, given({ ...fields, who: undefined }))
      continue
    }
    const { type, who: by, ...fields } = one
    if (type === 'play') jam.play(by, OWN.get(by) ?? '', one.at, given({ ...fields }))
    else jam.write(by, { type, jam: JAM, ...given(fields) })
  }
  return jam
}

const hashOf = (score: Score): string => hex(scoreHash(score, sha256))
const summary = (score: Score) => ({
  hash: hashOf(score),
  end: score.end,
  refused: score.refused.map(({ key, code }) => [key, code]),
  problems: score.problems,
  points: score.grid.points,
})

const inAnyOrder = (entries: readonly JamEntry[], random: Iterator<number>): JamEntry[] =>
  entries
    .map((entry) => ({ entry, rank: random.next().value as number }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ entry }) => entry)

test('the order in which entries come never changes the score', (t) => {
  fc.assert(
    fc.property(acts, fc.infiniteStream(fc.nat()), (list, random) => {
      const { entries } = written(list)
      t.deepEqual(summary(buildScore(JAM, inAnyOrder(entries, random))), summary(buildScore(JAM, entries)))
    }),
    { numRuns: RUNS, seed: 1 },
  )
  t.end()
})

/** The last frame before which an entry has to be there for nothing to be late. */
function deadline(entry: JamEntry, entries: readonly JamEntry[], grid: Grid): Frames {
  const payload = entry.payload as Record<string, unknown>
  const first = (list: readonly JamEntry[]) =>
    Math.min(...list.map((one) => (one.payload as { at?: number }).at ?? TICKS), TICKS)
  if (payload['type'] === 'jam') {
    if (payload['action'] === 'tempo' || payload['action'] === 'meter') return grid.frameOfBar(payload['bar'] as number)
    return payload['action'] === 'admit' && payload['at'] === undefined
      ? 0
      : grid.frameOfTick((payload['at'] as number | undefined) ?? 0)
  }
  const own = entries.filter((one) => one.identity === entry.identity)
  if (payload['type'] === 'generator') return grid.frameOfTick(first(own))
  if (payload['type'] !== 'play') return grid.frameOfTick(payload['at'] as number)
  const same = own.filter(({ payload: it }) => typeof it === 'object' && it['instance'] === payload['instance'])
  return grid.frameOfTick(first(same.filter(({ payload: it }) => typeof it === 'object' && it.type === 'play')))
}

/** What instances would set: seen by whoever waits for it. */
const readTag = (path: string, frame: Frames): TagPoint | undefined => {
  const turn = Math.floor(frame / 60_000)
  return path === 'kick' && turn >= 0 ? { value: turn % 3, frame: turn * 60_000 } : undefined
}

interface Rendered {
  readonly commands: readonly Command[]
  readonly events: readonly ConductorEvent[]
}

/** Renders a jam to whose conductor each entry is told before the block given for it. */
function render(schedule: ReadonlyMap<number, readonly JamEntry[]>, score: Score, blocks: number): Rendered {
  const conductor = new JamConductor({ jam: JAM, readTag, until: score.endTick })
  for (const archive of ARCHIVES) conductor.archiveReady(archive)
  conductor.begin(0)
  const commands: Command[] = []
  const events: ConductorEvent[] = []
  for (let block = 0; block < blocks; block++) {
    const arrived = schedule.get(block)
    if (arrived) conductor.observe(arrived)
    commands.push(...conductor.commands(block * 128))
    events.push(...conductor.events())
  }
  return { commands, events }
}

test('nor what it commands, where players say more than counts; and a stranger never does', (t) => {
  let over = 0
  fc.assert(
    fc.property(acts, fc.integer({ min: 3, max: 9 }), fc.infiniteStream(fc.nat()), (list, most, random) => {
      const { entries } = written(list)
      // All that anybody says a stranger says too.
      const stranger = new JamWriter(JAM, 1)
      for (const { payload } of entries)
        if (typeof payload === 'object') stranger.write(playerNamed('dan'), { ...payload })
      const score = buildScore(JAM, entries, { most })
      const same = buildScore(JAM, inAnyOrder([...entries, ...stranger.entries], random), { most })
      t.deepEqual([hashOf(same), same.end], [hashOf(score), score.end])
      const blocks = Math.ceil(score.end / 128) + 2
      const [one, other] = [score, same].map((it) => render(new Map([[0, it.taken]]), it, blocks).commands)
      t.equal(difference(other!, one!), undefined)
      over += score.refused.filter(({ code }) => code === 'JAM_TOO_LARGE').length
    }),
    { numRuns: RUNS, seed: 4 },
  )
  t.ok(over > RUNS, `${over} entries too many in ${RUNS} jams`)
  t.end()
})

/** The first command that differs, of two lists. */
function difference(a: readonly Command[], b: readonly Command[]): string | undefined {
  const texts = [a, b].map((list) => list.map((command) => JSON.stringify(command)))
  const at = (texts[0] ?? []).findIndex((text, index) => text !== texts[1]?.[index])
  if (at < 0 && a.length === b.length) return undefined
  return `${texts[0]?.[at] ?? 'nothing'} where a replay has ${texts[1]?.[at] ?? 'more'}`
}

test('live with nothing late commands exactly what a replay commands', (t) => {
  let sounding = 0
  fc.assert(
    fc.property(acts, fc.infiniteStream(fc.double({ min: 0, max: 0.999_999, noNaN: true })), (list, random) => {
      const { entries } = written(list)
      const score = buildScore(JAM, entries)
      const blocks = Math.ceil(score.end / 128) + 2
      const grid = buildScore(
        JAM,
        entries.filter(({ payload }) => typeof payload === 'object' && payload['action'] !== 'end'),
      ).grid
      const live = new Map<number, JamEntry[]>()
      for (const entry of entries) {
        const last = entry === entries[0] ? 0 : Math.floor(deadline(entry, entries, grid) / 128)
        const block = Math.floor((random.next().value as number) * (last + 1))
        live.set(block, [...(live.get(block) ?? []), entry])
      }
      const replayed = render(new Map([[0, entries]]), score, blocks)
      const heard = render(live, score, blocks)
      t.equal(difference(heard.commands, replayed.commands), undefined)
      t.notOk(
        heard.events.some((event) => 'late' in event),
        'nothing is called late',
      )
      sounding += replayed.commands.filter((command) => command.kind === 'start').length
    }),
    { numRuns: RUNS, seed: 2 },
  )
  t.ok(sounding > RUNS, `${sounding} instances started in ${RUNS} jams`)
  t.end()
})

test('live with something late says so', (t) => {
  fc.assert(
    fc.property(acts, fc.integer({ min: 1, max: 2000 }), fc.nat(), (list, blocks, pick) => {
      const { entries } = written(list)
      const score = buildScore(JAM, entries)
      const sounds = score.entries.filter(({ item }) => item.kind === 'param' || item.kind === 'tag')
      const chosen = sounds[pick % Math.max(1, sounds.length)]
      if (!chosen) return
      const entry = entries.find((one) => one.key === chosen.key) as JamEntry
      const frame = score.grid.frameOfTick(chosen.at)
      const at = Math.floor(frame / 128) + blocks
      if (at * 128 >= score.end) return
      const { events } = render(
        new Map([
          [0, entries.filter((one) => one !== entry)],
          [at, [entry]],
        ]),
        score,
        at + 1,
      )
      const told = events.find(
        (event) => (event.kind === 'applied' || event.kind === 'superseded') && event.key === entry.key,
      )
      t.ok(told, 'it took effect, or something newer had')
      if (told?.kind === 'applied') t.deepEqual(told.late, { by: at * 128 - frame, reason: 'entry' })
    }),
    { numRuns: RUNS, seed: 3 },
  )
  t.end()
})
