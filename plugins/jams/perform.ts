import {
  isName,
  MarmaladeError,
  name as checkedName,
  type Clock,
  type Frames,
  type Name,
  type Ticks,
} from '../../lib/base/index.ts'
import type { Payload } from '../../lib/entry/index.ts'
import type { Handlers } from '../../lib/host/index.ts'
import { parseOn, resolveAt, type PlayItem, type ResolvedAt } from '../../lib/jam/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import type { GeneratorsApi } from '../generators/index.ts'
import { act } from './act.ts'
import type { jamsContract, Performed } from './contract.ts'
import type { Heralds } from './heralds.ts'
import type { Jams } from './jams.ts'
import type { LiveJam } from './live.ts'
import { isMember } from './membership.ts'
import { checkParams } from './params.ts'

/** Instances of one name that are looked through for a free number. */
const MAX_NUMBER = 10_000

interface Parts {
  readonly feeds: FeedsApi
  readonly generators: GeneratorsApi
  readonly jams: Jams
  readonly heralds: Heralds
  readonly clock: Clock
  /** How far this node's engine renders ahead. */
  readonly lookAhead: Frames
}

/** What a player does in a jam: each is one entry, placed where its author's node says. */
export function performHandlers(parts: Parts): Handlers<typeof jamsContract>['perform'] {
  const { feeds, generators, jams, clock, lookAhead } = parts
  const identity = feeds.identity.id

  const place = (jam: LiveJam, on = 'bar'): ResolvedAt =>
    resolveAt(jam.ledger.grid, parseOn(on), jam.frameAt(clock), lookAhead)
  const open = async (text?: string): Promise<LiveJam> => {
    const jam = await jams.resolve(text)
    if (!jam.ledger.start)
      throw new MarmaladeError('JAM_UNKNOWN', `the start of that jam has not arrived: connect to its starter`)
    return jam
  }
  const perform = async (jam: LiveJam, payload: Payload & object, at: Ticks): Promise<Performed> => {
    if (!isMember(jam, identity, at)) {
      throw new MarmaladeError('NOT_MEMBER', 'not a member of this jam yet: ask a member to admit you, then try again')
    }
    return act(parts, jam, payload, at)
  }

  return {
    async play(args) {
      const jam = await open(args.jam)
      const row = await generators.resolve(args.generator)
      if (row.player !== identity) {
        throw new MarmaladeError(
          'GENERATOR_FOREIGN',
          `${row.name} is ${row.shown}'s: a player plays only what it has published itself`,
        )
      }
      const { at, on } = place(jam, args.on)
      const instance = args.as === undefined ? freeInstance(jam, feeds, row.name) : checkedName(args.as)
      if (jam.ledger.isTaken(identity, instance)) {
        throw new MarmaladeError('INSTANCE_TAKEN', `${instance} has been used in this jam: name it otherwise with --as`)
      }
      await checkParams(generators, row, args.params ?? {})
      const done = await perform(
        jam,
        {
          type: 'play',
          jam: jam.jam,
          generator: row.generator,
          archive: row.archive,
          instance,
          at,
          on,
          ...(args.params && { params: args.params }),
          ...(args.bars !== undefined && { length: barsLong(jam, at, args.bars) }),
          ...(args.replaces !== undefined && { replaces: ownInstance(jam, feeds, args.replaces) }),
          ...(args.when && { when: { name: checkedName(args.when.name), value: args.when.value } }),
        },
        at,
      )
      return { ...done, instance }
    },
    async stop({ jam: text, instance, on: asked }) {
      const jam = await open(text)
      const { at, on } = place(jam, asked)
      return perform(jam, { type: 'stop', jam: jam.jam, instance: ownInstance(jam, feeds, instance), at, on }, at)
    },
    async param({ jam: text, instance, name, value, on: asked, overBars }) {
      const jam = await open(text)
      const { at, on } = place(jam, asked)
      const own = ownInstance(jam, feeds, instance)
      const play = playNamed(jam, feeds, own)
      if (play)
        await checkParams(
          generators,
          { player: play.identity, name: own, archive: play.payload.archive },
          { [name]: value },
        )
      return perform(
        jam,
        {
          type: 'param',
          jam: jam.jam,
          instance: own,
          name: checkedName(name),
          value,
          at,
          on,
          ...(overBars !== undefined && { over: barsLong(jam, at, overBars) }),
        },
        at,
      )
    },
    async tag({ jam: text, name, value, on: asked }) {
      const jam = await open(text)
      const { at, on } = place(jam, asked)
      return perform(jam, { type: 'tag', jam: jam.jam, name: checkedName(name), value, at, on }, at)
    },
    async say({ jam: text, text: said }) {
      const jam = await open(text)
      const entry = await feeds.publish({ type: 'public_note', text: said, jam: jam.jam })
      return { key: entry.key }
    },
  }
}

/** Ticks from `at` to so many bars later. */
function barsLong(jam: LiveJam, at: number, bars: number): number {
  const { grid } = jam.ledger
  const whole = Math.floor(bars)
  const start = grid.barOfTick(at)
  const end = grid.tickOfBar(Math.floor(start) + whole) + (at - grid.tickOfBar(Math.floor(start)))
  const perBar = grid.tickOfBar(Math.floor(start) + whole + 1) - grid.tickOfBar(Math.floor(start) + whole)
  return Math.max(1, Math.round(end - at + (bars - whole) * perBar))
}

/** `drums`, then `drums-2`, `drums-3` …: an id is used once by a player in a jam. */
function freeInstance(jam: LiveJam, feeds: FeedsApi, generator: Name): Name {
  for (let number = 1; number < MAX_NUMBER; number++) {
    const candidate = number === 1 ? generator : `${generator.slice(0, 58)}-${number}`
    if (isName(candidate) && !jam.ledger.isTaken(feeds.identity.id, candidate)) return candidate
  }
  throw new MarmaladeError('INSTANCE_TAKEN', `all numbers of ${generator} are used: name the instance with --as`)
}

/** An instance of one's own that has been asked for, or one that a fork of one's own carries on. @throws INSTANCE_UNKNOWN */
function ownInstance(jam: LiveJam, feeds: FeedsApi, text: string): Name {
  const instance = checkedName(text)
  if (playNamed(jam, feeds, instance)) return instance
  const theirs = [...jam.ledger.items()].some((item) => item.kind === 'play' && item.payload.instance === instance)
  const why = theirs ? `${text} is another player's` : `you play no ${text} in this jam`
  throw new MarmaladeError('INSTANCE_UNKNOWN', `${why}: \`jam show\` lists what plays`)
}

/** The play of an instance that one may change. */
function playNamed({ ledger }: LiveJam, feeds: FeedsApi, name: Name): PlayItem | undefined {
  const { player, instance } = ledger.instanceOf(feeds.identity.id, name)
  return ledger.playOf(player, instance)
}
