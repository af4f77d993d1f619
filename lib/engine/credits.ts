import { MarmaladeError, ownedParts, type EntryKey, type Frames, type PlayerId } from '../base/index.ts'
import {
  comparePublished,
  itemsOf,
  type GeneratorItem,
  type JamEntry,
  type PlayItem,
  type Score,
} from '../jam/index.ts'
import { CREDITS_VERSION, type CreditedSound, type CreditHead, type Credits } from './credits-schema.ts'
import type { Replayed } from './replay.ts'
import type { TakeOnDisk } from './take-replay.ts'

/** What credits are made from. */
export interface CreditsInit {
  readonly score: Score
  /** What the score was built from. */
  readonly entries: readonly JamEntry[]
  readonly heads: readonly CreditHead[]
  /** As players published them. */
  readonly names: ReadonlyMap<PlayerId, string>
  readonly program: string
  readonly replayed: Pick<
    Replayed,
    'samplesSha256' | 'firstFrame' | 'frames' | 'inexact' | 'sounds' | 'scoreHash' | 'take'
  >
  /** What was rendered, where it was not the score. */
  readonly take?: Pick<TakeOnDisk, 'sha256' | 'header'>
  /** Bars that were asked for, from 1. */
  readonly fromBar?: number
  readonly toBar?: number
}

/** The credits of a render of the score or of a take: the same bytes wherever it is rendered. */
export function creditsOf(init: CreditsInit): Credits {
  const { score, heads, program, replayed, take, fromBar, toBar } = init
  const { samplesSha256, firstFrame, frames, inexact } = replayed
  const sources = new Sources(init)
  return {
    format: 'marmalade credits',
    version: CREDITS_VERSION,
    program,
    jam: score.jam,
    ...(score.title !== undefined && { title: score.title }),
    ...creditedFrom(score),
    engine: score.engine,
    set: replayed.scoreHash,
    heads: [...heads].sort((a, b) => (a.identity < b.identity ? -1 : 1)),
    rendition: take
      ? {
          kind: 'take',
          sha256: take.sha256,
          player: take.header.player,
          asHeard: replayed.take?.divergence === undefined,
        }
      : { kind: 'score' },
    render: {
      sha256: samplesSha256,
      firstFrame,
      frames,
      ...(fromBar !== undefined && { fromBar }),
      ...(toBar !== undefined && { toBar }),
      inexact: [...inexact].sort() as Credits['render']['inexact'],
    },
    sounds: replayed.sounds.map(({ play, from, to }) => {
      const credited = sources.credit(play, from, to)
      if (!credited) throw new MarmaladeError('INTERNAL', `${play} sounds, and no entry says so`)
      return credited
    }),
  }
}

/** What a jam was forked from, as credits say it; bars from 1. */
export const creditedFrom = ({ from }: Pick<Score, 'from'>): Pick<Credits, 'from'> =>
  from ? { from: { ...from, bar: from.bar + 1 } } : {}

/** What entries say of the sounds that come from them. */
export class Sources {
  readonly #init: Pick<CreditsInit, 'score' | 'names'>
  readonly #plays = new Map<EntryKey, PlayItem>()
  /** The earliest publication of each archive by a player under a name. */
  readonly #published = new Map<string, GeneratorItem>()

  constructor(init: Pick<CreditsInit, 'score' | 'entries' | 'names'>) {
    this.#init = init
    for (const item of itemsOf(init.score.jam, init.entries)) {
      if (item.kind === 'play') this.#plays.set(item.key, item)
      if (item.kind === 'generator') this.#publish(item)
    }
  }

  #publish(item: GeneratorItem): void {
    const said = `${item.identity} ${item.payload.name} ${item.payload.archive}`
    const known = this.#published.get(said)
    if (!known || comparePublished(item, known) < 0) this.#published.set(said, item)
  }

  /** Of a sound from one frame to before another; undefined where no entry here says so. */
  credit(play: EntryKey, from: Frames, to: Frames): CreditedSound | undefined {
    const item = this.#plays.get(play)
    if (!item) return undefined
    const { identity, payload, carried } = item
    const { name: generator } = ownedParts(payload.generator)
    const published = this.#published.get(`${identity} ${generator} ${payload.archive}`)
    if (!published) return undefined
    const name = this.#init.names.get(identity)
    return {
      player: { identity, ...(name !== undefined && { name }) },
      generator,
      instance: payload.instance,
      play,
      ...(carried && { jam: carried.jam }),
      publish: published.key,
      archive: payload.archive,
      from: { frame: from, bar: this.#bar(from) },
      to: { frame: to, bar: this.#bar(to - 1) },
    }
  }

  /** The bar that a frame lies in, from 1. */
  #bar(frame: Frames): number {
    return this.#init.score.grid.barOfFrame(frame) + 1
  }
}
