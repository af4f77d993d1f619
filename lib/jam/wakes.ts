import type { EntryKey, Frames, Micros, Ticks } from '../base/index.ts'
import type { Grid } from './grid.ts'
import { Heap } from './heap.ts'
import type { ParamItem, TagItem } from './items.ts'
import { comparePublished } from './order.ts'
import type { Track } from './track.ts'

/** In which order things happen at one frame: what starts there finds everything else done. */
export const RANK = { tag: 0, players: 1, param: 2, end: 3, start: 4 } as const

interface At {
  readonly tick: Ticks
  /** Orders those of one rank at one tick. */
  readonly position: { readonly comparable: Micros; readonly key: EntryKey }
}

/** Something to look at when its tick is rendered. It may have become moot by then. */
export type Wake = At &
  (
    | { readonly rank: typeof RANK.tag; readonly item: TagItem; readonly late: boolean }
    | { readonly rank: typeof RANK.param; readonly item: ParamItem; readonly late: boolean }
    | { readonly rank: typeof RANK.players }
    | { readonly rank: typeof RANK.end | typeof RANK.start; readonly track: Track }
  )

/** A wake with the frame at which it takes effect. */
export interface DueWake {
  readonly wake: Wake
  readonly frame: Frames
}

/** Agenda of what is to happen, kept in ticks: a grid that changes moves it along. */
export class Wakes {
  readonly #heap = new Heap<Wake>(
    (a, b) => a.tick - b.tick || a.rank - b.rank || comparePublished(a.position, b.position),
  )

  push(wake: Wake): void {
    this.#heap.push(wake)
  }

  /** Starts that stand before frame `to` and before `endTick`, in no order; some may be moot. */
  *starts(grid: Grid, to: Frames, endTick: Ticks): Generator<{ readonly tick: Ticks; readonly track: Track }, void> {
    for (const wake of this.#heap.first(({ tick }) => tick < endTick && grid.frameOfTick(tick) < to))
      if (wake.rank === RANK.start) yield wake
  }

  /**
   * Takes out what takes effect before frame `to` and stands before `endTick`. What is late takes effect at `from`;
   * at one frame by rank, then in score order.
   */
  due(grid: Grid, from: Frames, to: Frames, endTick: Ticks): readonly DueWake[] {
    const due: DueWake[] = []
    for (let next = this.#heap.peek(); next; next = this.#heap.peek()) {
      const frame = grid.frameOfTick(next.tick)
      if (frame >= to || next.tick >= endTick) break
      due.push({ wake: next, frame: Math.max(frame, from) })
      this.#heap.pop()
    }
    // The sort is stable, and the heap gives score order.
    return due.sort((a, b) => a.frame - b.frame || a.wake.rank - b.wake.rank)
  }
}
