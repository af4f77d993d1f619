import type { Frames } from '../base/index.ts'
import type { Grid } from './grid.ts'
import type { Command, TagValue } from './types.ts'

type Tell = (path: string, value: TagValue, frame: Frames) => Command

/** Counts boundaries of one kind: the next whose frame has not been told. */
interface Counter {
  readonly path: string
  /** Index at a frame, with a fraction. */
  readonly at: (grid: Grid, frame: Frames) => number
  readonly frameOf: (grid: Grid, index: number) => Frames
  next: number
  frame: Frames
  told: number
}

/**
 * What the grid tells as tags: `jam/tempo` (beats a minute), `jam/meter` (`4/4`), `jam/bar` and `jam/beat` (whole,
 * counted from 0, set on their boundaries). Told again where a late change of the grid moved them.
 */
export class GridTags {
  readonly #tell: Tell
  readonly #counters: readonly Counter[] = [
    counter(
      'jam/bar',
      (grid, frame) => grid.barOfTick(grid.tickOfFrame(frame)),
      (grid, bar) => grid.frameOfBar(bar),
    ),
    counter(
      'jam/beat',
      (grid, frame) => grid.beatOfFrame(frame),
      (grid, beat) => grid.frameOfBeat(beat),
    ),
  ]
  #grid: Grid | undefined
  #tempo: TagValue | undefined
  #meter: TagValue | undefined

  constructor(tell: Tell) {
    this.#tell = tell
  }

  /** What the grid tells in [from, to), ordered for each path. */
  commands(grid: Grid, from: Frames, to: Frames): readonly Command[] {
    const out: Command[] = []
    const moved = grid !== this.#grid
    if (moved) this.#tellPoint(grid, from, out)
    for (const frame of grid.cuts(from, to)) this.#tellPoint(grid, frame, out)
    for (const count of this.#counters) {
      if (moved) this.#recount(count, grid, from, out)
      while (count.frame < to) {
        out.push(this.#tell(count.path, count.next, count.frame))
        count.told = count.next++
        count.frame = count.frameOf(grid, count.next)
      }
    }
    this.#grid = grid
    return out
  }

  #tellPoint(grid: Grid, frame: Frames, out: Command[]): void {
    const { tempo, meter } = grid.pointAt(frame)
    if (tempo !== this.#tempo) out.push(this.#tell('jam/tempo', tempo, frame))
    if (meter !== this.#meter) out.push(this.#tell('jam/meter', meter, frame))
    this.#tempo = tempo
    this.#meter = meter
  }

  /** Finds the next boundary on a new grid; where the one before it was not told, tells it at once. */
  #recount(count: Counter, grid: Grid, from: Frames, out: Command[]): void {
    count.next = Math.max(0, Math.floor(count.at(grid, from)))
    while (count.frameOf(grid, count.next) < from) count.next++
    count.frame = count.frameOf(grid, count.next)
    const before = count.next - 1
    if (before < 0 || before === count.told) return
    out.push(this.#tell(count.path, before, from))
    count.told = before
  }
}

const counter = (path: string, at: Counter['at'], frameOf: Counter['frameOf']): Counter => ({
  path,
  at,
  frameOf,
  next: 0,
  frame: 0,
  told: NaN,
})
