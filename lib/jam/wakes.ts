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

type Start = At & { readonly rank: typeof RANK.start; readonly track: Track }
type Other = At &
  (
    | { readonly rank: typeof RANK.tag; readonly item: TagItem; readonly late: boolean }
    | { readonly rank: typeof RANK.param; readonly item: ParamItem; readonly late: boolean }
    | { readonly rank: typeof RANK.players }
    | { readonly rank: typeof RANK.end; readonly track: Track }
  )
/** Something to look at when its tick is rendered. It may have become moot by then. */
export type Wake = Start | Other

const compare = (a: Wake, b: Wake): number =>
  a.tick - b.tick || a.rank - b.rank || comparePublished(a.position, b.position)

/** Starts that are looked at ahead, of however many there are: as many as instances may sound. */
const MOST_STARTS = 256

/** A wake with the frame at which it takes effect. */
export interface DueWake {
  readonly wake: Wake
  readonly frame: Frames
}

/** Agenda of what is to happen, kept in ticks: a grid that changes moves it along. */
export class Wakes {
  readonly #starts = new Heap<Start>(compare)
  readonly #others = new Heap<Other>(compare)

  push(wake: Wake): void {
    if (wake.rank === RANK.start) this.#starts.push(wake)
    else this.#others.push(wake)
  }

  /** The `MOST_STARTS` first starts, as far as they stand before frame `to` and before `endTick`; some may be moot. */
  *starts(grid: Grid, to: Frames, endTick: Ticks): Generator<Start, void> {
    let left = MOST_STARTS
    for (const start of this.#starts.inOrder()) {
      if (left-- === 0 || start.tick >= endTick || grid.frameOfTick(start.tick) >= to) return
      yield start
    }
  }

  /**
   * Takes out what takes effect before frame `to` and stands before `endTick`. What is late takes effect at `from`;
   * at one frame by rank, then in score order.
   */
  due(grid: Grid, from: Frames, to: Frames, endTick: Ticks): readonly DueWake[] {
    const due: DueWake[] = []
    for (let next = this.#least.peek(); next; next = this.#least.peek()) {
      const frame = grid.frameOfTick(next.tick)
      if (frame >= to || next.tick >= endTick) break
      due.push({ wake: next, frame: Math.max(frame, from) })
      this.#least.pop()
    }
    // The sort is stable, and the heaps give score order.
    return due.sort((a, b) => a.frame - b.frame || a.wake.rank - b.wake.rank)
  }

  /** Where the next wake lies; no start is equal to another wake. */
  get #least(): Heap<Start> | Heap<Other> {
    const [start, other] = [this.#starts.peek(), this.#others.peek()]
    return start && (!other || compare(start, other) < 0) ? this.#starts : this.#others
  }
}
