import { entryKeyOf } from '../../lib/base/index.ts'
import type { PlayerId } from '../../lib/base/index.ts'
import type { Frame } from '../../lib/gossip/index.ts'
import type { Head } from '../../lib/store/types.ts'
import type { Random } from './random.ts'

/** Changes a frame on its way out: none, one or many go in its place. */
export type Tamper = (frame: Spoken, random: Random) => readonly Spoken[]
export type Spoken = Exclude<Frame, { type: 'optional' }>

/** Announces the highest head there can be of this feed, besides what is true, and delivers nothing. */
export const boast =
  (identity: PlayerId): Tamper =>
  (frame, random) => {
    if (frame.type === 'run' || frame.type === 'end') return []
    if (frame.type !== 'ihave') return [frame]
    const key = someKey(random)
    const lie = (head: Head): Head => ({ ...head, comparable: Number.MAX_SAFE_INTEGER, key, count: head.count + 1 })
    return [{ ...frame, heads: frame.heads.map((head) => (head.identity === identity ? lie(head) : head)) }]
  }

const someKey = (random: Random) => entryKeyOf(Uint8Array.from({ length: 32 }, () => random.below(256)))

/** What hostile nodes do to others. Each is an honest node but for the frames that it sends. */
export const TAMPERS = {
  /** Announces heads that nobody has, above the true ones. */
  forges: (frame, random) => {
    if (frame.type !== 'ihave') return [frame]
    const heads = frame.heads.map((head) =>
      head.count === 0 || random.chance(0.5)
        ? head
        : { ...head, comparable: head.comparable + random.below(1e6), key: someKey(random), count: head.count + 1 },
    )
    return [{ ...frame, heads }]
  },
  /** Announces and never delivers. */
  withholds: (frame) => (frame.type === 'run' ? [] : [frame]),
  /** Sends entries that were changed on the way. */
  spoils: (frame, random) => {
    if (frame.type !== 'run') return [frame]
    const entries = frame.entries.map((bytes) => {
      const spoiled = bytes.slice()
      const at = random.below(spoiled.length)
      spoiled[at] = (spoiled[at] ?? 0) ^ (1 + random.below(255))
      return spoiled
    })
    return [{ ...frame, entries }]
  },
  /** Sends entries out of their order. */
  shuffles: (frame, random) => [frame.type === 'run' ? { ...frame, entries: random.shuffled(frame.entries) } : frame],
  /** Sends what it was not asked for. */
  pushes: (frame, random) =>
    frame.type === 'run' && random.chance(0.3)
      ? [frame, { ...frame, stream: 4_000_000 + random.below(1_000) }]
      : [frame],
  /** Says everything twice. */
  repeats: (frame) => (frame.type === 'hello' || frame.type === 'iwant' ? [frame] : [frame, frame]),
  /** Asks for a thousand feeds whenever it asks for one. */
  asks: (frame, random) => {
    if (frame.type !== 'iwant') return [frame]
    const more = Array.from({ length: 1_000 }, () => ({ ...frame, stream: 1_000_000 + random.below(1e9) }))
    return [frame, ...more]
  },
  /** Says nothing to anyone. */
  hushes: () => [],
} as const satisfies Record<string, Tamper>
