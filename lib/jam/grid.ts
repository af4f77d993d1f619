import { TICKS_PER_BEAT } from '../base/index.ts'
import { meterParts } from '../entry/index.ts'
import type { Meter } from '../entry/index.ts'
import type { Bars, Beats, EntryKey, Frames, Micros, Ticks } from '../base/index.ts'
import { comparePublished } from './order.ts'
import type { GridPosition, GridView } from './types.ts'

/** Beats (quarter notes) a minute. */
export type Tempo = number

/** A starter's wish for the grid: holds from `bar` on. Of two for one bar the higher (comparable, key) counts. */
export interface GridChange {
  readonly bar: Bars
  readonly tempo?: Tempo
  /** n/d: a bar lasts n * 4 / d beats, a beat being a quarter note whatever the meter. */
  readonly meter?: Meter
  readonly comparable: Micros
  readonly key: EntryKey
}

/** What holds from a point of the grid on. */
export interface GridPoint {
  readonly bar: Bars
  readonly tick: Ticks
  /** First frame at or after the tick. */
  readonly frame: Frames
  readonly tempo: Tempo
  readonly meter: Meter
}

interface MeterSegment {
  readonly bar: Bars
  readonly tick: Ticks
  readonly ticksPerBar: Ticks
  readonly meter: Meter
}
interface TempoSegment {
  readonly tick: Ticks
  /** Frames from the origin to the tick, not rounded. */
  readonly start: Frames
  /** First frame of the segment. */
  readonly frame: Frames
  readonly tempo: Tempo
}

/** 48,000 frames * 60 seconds / 960 ticks: frames a tick are this over the tempo. */
const FRAMES_BY_TEMPO = 3000
const DEFAULT_TEMPO: Tempo = 112
const DEFAULT_METER: Meter = '4/4'

/** The last index at which `holds` is true of a list on which it is true up to some index; 0 where it is nowhere. */
function lastWhere<T>(list: readonly T[], holds: (item: T) => boolean): T {
  let low = 0
  let high = list.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (holds(list[middle] as T)) low = middle
    else high = middle - 1
  }
  return list[low] as T
}

/** The changes that count, by bar: of two for one bar the higher (comparable, key). */
function winners<V>(changes: readonly GridChange[], of: (change: GridChange) => V | undefined): [Bars, V][] {
  const best = new Map<Bars, GridChange>()
  for (const change of changes) {
    if (of(change) === undefined) continue
    const held = best.get(change.bar)
    if (!held || comparePublished(held, change) < 0) best.set(change.bar, change)
  }
  return [...best.values()].sort((a, b) => a.bar - b.bar).map((change) => [change.bar, of(change) as V])
}

function meterSegments(changes: readonly GridChange[]): MeterSegment[] {
  const segments: MeterSegment[] = []
  for (const [bar, meter] of [[0, DEFAULT_METER] as [Bars, Meter], ...winners(changes, (c) => c.meter)]) {
    const before = segments.at(-1)
    const tick = before ? before.tick + (bar - before.bar) * before.ticksPerBar : 0
    const { count, unit } = meterParts(meter)
    const segment = { bar, tick, meter, ticksPerBar: (count * 4 * TICKS_PER_BEAT) / unit }
    if (before?.bar === bar) segments.pop()
    segments.push(segment)
  }
  return segments
}

/**
 * A jam's tempo map and bar count: a pure function of the starter's `start`, `tempo` and `meter` entries, whatever
 * order they came in (ENGINE-1 section 1). Frames a tick accumulate in float64 over the segments:
 * start of a segment = start of the one before + ticks * 3000 / tempo; the frame of a tick is the ceil of that sum.
 */
export class Grid implements GridView {
  /** Where tempo or meter changes, the origin first, growing. */
  readonly points: readonly GridPoint[]
  readonly #meters: readonly MeterSegment[]
  readonly #tempos: readonly TempoSegment[]

  /** @param changes those of the start (bar 0) and of every `tempo` and `meter`, any order */
  constructor(changes: readonly GridChange[]) {
    this.#meters = meterSegments(changes)
    const tempos: TempoSegment[] = []
    for (const [bar, tempo] of [[0, DEFAULT_TEMPO] as [Bars, Tempo], ...winners(changes, (c) => c.tempo)]) {
      const tick = this.tickOfBar(bar)
      const before = tempos.at(-1)
      const start = before ? before.start + ((tick - before.tick) * FRAMES_BY_TEMPO) / before.tempo : 0
      if (before?.tick === tick) tempos.pop()
      tempos.push({ tick, start, frame: Math.ceil(start), tempo })
    }
    this.#tempos = tempos
    const ticks = [...new Set([...this.#meters, ...tempos].map((s) => s.tick))].sort((a, b) => a - b)
    this.points = ticks.map((tick) => ({
      tick,
      bar: this.barOfTick(tick),
      frame: this.frameOfTick(tick),
      tempo: this.#tempoAt(tick).tempo,
      meter: this.#meterAt(tick).meter,
    }))
  }

  #tempoAt(tick: Ticks): TempoSegment {
    return lastWhere(this.#tempos, (s) => s.tick <= tick)
  }
  #meterAt(tick: Ticks): MeterSegment {
    return lastWhere(this.#meters, (s) => s.tick <= tick)
  }

  /** Frames that ticks last at the tempo in force at a tick, rounded up. */
  framesAt(ticks: Ticks, tick: Ticks): Frames {
    return Math.ceil((ticks * FRAMES_BY_TEMPO) / this.#tempoAt(tick).tempo)
  }

  /** The first frame at or after the tick, which may have a fraction. */
  frameOfTick(tick: Ticks): Frames {
    const segment = this.#tempoAt(tick)
    return Math.ceil(segment.start + ((tick - segment.tick) * FRAMES_BY_TEMPO) / segment.tempo)
  }

  frameOfBeat(beat: Beats): Frames {
    return this.frameOfTick(beat * TICKS_PER_BEAT)
  }

  frameOfBar(bar: Bars): Frames {
    return this.frameOfTick(this.tickOfBar(bar))
  }

  /** The whole bar, from 0, that a frame lies in. */
  barOfFrame(frame: Frames): Bars {
    return Math.floor(this.barOfTick(this.tickOfFrame(frame)))
  }

  /**
   * The position of a frame in ticks, with a fraction. A whole tick is reached at its frame: rounding never leaves
   * `tickOfFrame(frameOfTick(t))` below t.
   */
  tickOfFrame(frame: Frames): Ticks {
    const segment = lastWhere(this.#tempos, (s) => s.frame <= frame)
    const tick = segment.tick + ((frame - segment.start) * segment.tempo) / FRAMES_BY_TEMPO
    const near = Math.floor(tick + 0.5)
    return near > tick && frame >= this.frameOfTick(near) ? near : tick
  }

  /** The first whole tick whose frame is at or after this one. */
  tickAtOrAfter(frame: Frames): Ticks {
    let tick = Math.floor(this.tickOfFrame(frame))
    while (this.frameOfTick(tick) < frame) tick++
    return tick
  }

  /** The tick of a bar's first beat; whole for whole bars. */
  tickOfBar(bar: Bars): Ticks {
    const segment = lastWhere(this.#meters, (s) => s.bar <= bar)
    return segment.tick + (bar - segment.bar) * segment.ticksPerBar
  }

  /** Index from 0 plus fraction. */
  barOfTick(tick: Ticks): Bars {
    const segment = this.#meterAt(tick)
    return segment.bar + (tick - segment.tick) / segment.ticksPerBar
  }

  barOfBeat(beat: Beats): Bars {
    return this.barOfTick(beat * TICKS_PER_BEAT)
  }

  beatOfFrame(frame: Frames): Beats {
    return this.tickOfFrame(frame) / TICKS_PER_BEAT
  }

  positionAt(frame: Frames): GridPosition {
    const tick = this.tickOfFrame(frame)
    const { tempo } = lastWhere(this.#tempos, (s) => s.frame <= frame)
    return {
      beat: tick / TICKS_PER_BEAT,
      beatsPerFrame: tempo / (FRAMES_BY_TEMPO * TICKS_PER_BEAT),
      bar: this.barOfTick(tick),
    }
  }

  /** What holds at a frame: the last point at or before it. */
  pointAt(frame: Frames): GridPoint {
    return lastWhere(this.points, (p) => p.frame <= frame)
  }

  cuts(from: Frames, to: Frames): readonly Frames[] {
    const last = this.points[this.points.length - 1] as GridPoint
    if (last.frame < from) return NO_CUTS
    const frames = this.points.map((p) => p.frame).filter((frame) => frame >= from && frame < to && frame > 0)
    return frames.length === 0 ? NO_CUTS : [...new Set(frames)]
  }
}

const NO_CUTS: readonly Frames[] = Object.freeze([])
