import type { Frames } from '../base/index.ts'
import { textIn } from './pending-tags.ts'
import { matches, parsePattern } from './tag-path.ts'
import type { ResolveShort } from './tag-path.ts'
import type { TagPoint, TagValue } from './types.ts'

/**
 * What one player learned, with the frame at which the engine applied it: an entry that took effect, a tag that became
 * visible, an instance that started or ended, a local act, a local reading.
 */
export type Observation =
  | {
      readonly kind: 'tag'
      readonly frame: Frames
      readonly path: string
      readonly value: TagValue
      /** So many of its path before it were not observed. */
      readonly missed?: number
    }
  | { readonly kind: 'entry'; readonly frame: Frames; readonly key: string }
  | { readonly kind: 'instance'; readonly frame: Frames; readonly path: string; readonly sounding: boolean }
  | {
      readonly kind: 'mix'
      readonly frame: Frames
      /** An instance's path, a track or a player. */
      readonly target: string
      readonly what: 'gain' | 'pan' | 'mute' | 'solo'
      readonly value: number
    }
  /** `path` under `local/` or `net/`. */
  | { readonly kind: 'reading'; readonly frame: Frames; readonly path: string; readonly value: TagValue }

/** Points kept of one series unless told otherwise; when there are more, the older half goes. */
export const MAX_POINTS = 4096
export const MAX_SERIES = 32_768
/** What the points of all series may weigh together, unless told otherwise: a point, and a code unit of its text. */
export const MAX_WEIGHT = 16 * 1024 * 1024
const POINT_WEIGHT = 32

export interface StateInit {
  readonly resolve?: ResolveShort
  /** Points kept of one series; MAX_POINTS where left out. */
  readonly points?: number
  /** What all points may weigh; MAX_WEIGHT where left out. */
  readonly weight?: number
}
/** A point as it was folded in. */
export interface Folded {
  readonly path: string
  readonly point: TagPoint
  /** Points that its series had before it, whether they are kept or not. */
  readonly before: number
}
/** What is kept of a series. */
export interface KeptPoints {
  /** Points of the series that came before these, and are kept no longer. */
  readonly before: number
  /** Oldest first. */
  readonly points: readonly TagPoint[]
}

/** @param missed points of the path before this one that were not observed */
type Listener = (path: string, point: TagPoint, missed: number) => void
interface Series {
  readonly path: string
  points: TagPoint[]
  /** What they weigh. */
  weight: number
  /** Points that are kept no longer, or were not observed. */
  gone: number
  /** When its newest point came, among all. */
  order: number
}
interface Subscription {
  readonly finds: (path: string) => boolean
  readonly listener: Listener
}

/** Where an observation's series lies, and its value. Entries are under `local/entry`, mix acts under `local/mix/…`. */
export function pointOf(observation: Observation): { readonly path: string; readonly value: TagValue } {
  switch (observation.kind) {
    case 'tag':
    case 'reading':
      return observation
    case 'entry':
      return { path: 'local/entry', value: observation.key }
    case 'instance':
      return { path: `local/instance/${observation.path}`, value: observation.sounding ? 1 : 0 }
    case 'mix':
      return { path: `local/mix/${observation.target}/${observation.what}`, value: observation.value }
  }
}

/**
 * A player's own state of a jam: time series under paths, folded from observations in the order in which this player
 * made them. The same observations give the same state.
 */
export class JamState {
  readonly #series = new Map<string, Series>()
  readonly #subscriptions = new Set<Subscription>()
  readonly #resolve: ResolveShort
  readonly #points: number
  readonly #most: number
  #weight = 0
  /** What all points may weigh until those of heavy series are let go. */
  #limit: number
  #order = 0

  constructor({ resolve, points = MAX_POINTS, weight = MAX_WEIGHT }: StateInit = {}) {
    this.#resolve = resolve ?? (() => undefined)
    this.#points = points
    this.#most = this.#limit = weight
  }

  /**
   * Folds one observation in. One that claims an earlier frame than its series has come to counts at that one.
   * @returns what became of it: for who keeps more than the state does. Nothing where there are too many series
   */
  fold(observation: Observation): Folded | undefined {
    const { path, value } = pointOf(observation)
    const series = this.#seriesOf(path)
    if (!series) return undefined
    const last = series.points.at(-1)
    const point = { value, frame: last ? Math.max(last.frame, observation.frame) : observation.frame }
    const missed = (observation.kind === 'tag' && observation.missed) || 0
    // Points that are kept came one after the other: where some are missing they begin anew.
    if (missed > 0) this.#letGo(series, series.points.length)
    series.gone += missed
    const before = series.gone + series.points.push(point) - 1
    series.order = this.#order++
    series.weight += weightOf(point)
    this.#weight += weightOf(point)
    if (series.points.length > this.#points) this.#letGo(series, Math.ceil(this.#points / 2))
    if (this.#weight > this.#limit) this.#lighten()
    for (const { finds, listener } of this.#subscriptions) if (finds(path)) listener(path, point, missed)
    return { path, point, before }
  }

  /** The oldest points of a series are kept no longer. */
  #letGo(series: Series, count: number): void {
    let weight = 0
    for (const point of series.points.slice(0, count)) weight += weightOf(point)
    series.points = series.points.slice(count)
    series.gone += count
    series.weight -= weight
    this.#weight -= weight
  }

  /** Halves what is kept: the oldest points go of series that weigh more than others, their newest stays. */
  #lighten(): void {
    const share = this.#most / 2 / this.#series.size
    for (const series of this.#series.values()) {
      let count = 0
      for (let rest = series.weight; rest > share && count < series.points.length - 1; count++)
        rest -= weightOf(series.points[count] as TagPoint)
      if (count > 0) this.#letGo(series, count)
    }
    // Many series may have one long text each: so they are not gone through for every point.
    this.#limit = Math.max(this.#most, 2 * this.#weight)
  }

  #seriesOf(path: string): Series | undefined {
    let series = this.#series.get(path)
    if (!series && this.#series.size < MAX_SERIES) {
      series = { path, points: [], weight: 0, gone: 0, order: 0 }
      this.#series.set(path, series)
    }
    return series
  }

  /** What held at a frame: of several points of one frame the last. */
  at(path: string, frame: Frames): TagPoint | undefined {
    const points = this.#series.get(path)?.points ?? []
    return points[countUntil(points, frame) - 1]
  }

  /** The last `n` points, oldest first. */
  last(path: string, n = 1): readonly TagPoint[] {
    return n <= 0 ? [] : (this.#series.get(path)?.points.slice(-n) ?? [])
  }

  /** What is kept of each path that a path or glob finds, by path, sorted, as it stands now. */
  kept(glob: string): ReadonlyMap<string, KeptPoints> {
    const kept = new Map<string, KeptPoints>()
    for (const path of this.match(glob)) {
      const series = this.#series.get(path)
      if (series) kept.set(path, { before: series.gone, points: [...series.points] })
    }
    return kept
  }

  /** Points with from <= frame < to, oldest first. */
  range(path: string, from: Frames, to: Frames): readonly TagPoint[] {
    const points = this.#series.get(path)?.points ?? []
    return points.slice(countUntil(points, from - 1), countUntil(points, to - 1))
  }

  /** Paths that a path or glob finds, sorted. */
  match(glob: string): readonly string[] {
    return [...this.#series.keys()].filter(this.finder(glob)).sort()
  }

  /** The newest point of all that a glob finds; of several for one frame the one folded last. */
  newest(glob: string): (TagPoint & { readonly path: string }) | undefined {
    const found = this.match(glob).flatMap((path) => {
      const series = this.#series.get(path)
      const point = series?.points.at(-1)
      return series && point ? [{ ...point, path, order: series.order }] : []
    })
    const [newest] = found.sort((a, b) => b.frame - a.frame || b.order - a.order)
    return newest && { value: newest.value, frame: newest.frame, path: newest.path }
  }

  /** Calls back with each point that a glob finds from now on; returns how to stop. Listeners must not throw. */
  subscribe(glob: string, listener: Listener): () => void {
    const subscription = { finds: this.finder(glob), listener }
    this.#subscriptions.add(subscription)
    return () => this.#subscriptions.delete(subscription)
  }

  /** Resolves with the first value, the newest one included, that passes; rejects with the signal's reason. */
  until(glob: string, passes: (value: TagValue) => boolean, signal?: AbortSignal): Promise<TagPoint> {
    const now = this.newest(glob)
    if (now && passes(now.value)) return Promise.resolve({ value: now.value, frame: now.frame })
    return new Promise((resolve, reject) => {
      const give = (): void => {
        stop()
        reject(signal?.reason as Error)
      }
      const stop = this.subscribe(glob, (_path, point) => {
        if (!passes(point.value)) return
        stop()
        signal?.removeEventListener('abort', give)
        resolve(point)
      })
      if (signal?.aborted) give()
      else signal?.addEventListener('abort', give, { once: true })
    })
  }

  /** Whether a path or glob finds a path (ENGINE-1 section 3; below `local/` and `net/` too `*` is any part). */
  finder(glob: string): (path: string) => boolean {
    const parts = glob.split('/')
    const pattern = parsePattern(glob)
    if (pattern && pattern.kind !== 'exact') return (path) => matches(pattern, path.split('/'), this.#resolve)
    return (path) => {
      const own = path.split('/')
      return own.length === parts.length && parts.every((part, index) => part === '*' || part === own[index])
    }
  }
}

const weightOf = ({ value }: TagPoint): number => POINT_WEIGHT + textIn(value)

/** How many points lie at or before a frame. */
function countUntil(points: readonly TagPoint[], frame: Frames): number {
  let low = 0
  let high = points.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((points[middle] as TagPoint).frame <= frame) low = middle + 1
    else high = middle
  }
  return low
}
