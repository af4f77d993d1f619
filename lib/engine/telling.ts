import { SAMPLE_RATE, type Frames } from '../base/index.ts'
import { textIn, type TagChange } from '../jam/index.ts'
import type { ToldTag } from './types.ts'

/**
 * Of what instances set, about so many bytes are told in a second of the jam. They are for show and for the state that the node holds: no
 * sample hangs on them.
 */
export const TOLD_BYTES = 512 * 1024
/** What one comes to besides its path and its text. */
const CHANGE_BYTES = 24
/** Paths of which it is counted how much was not told. */
const MAX_MISSED = 16_384

/**
 * Which of the tags and notes that become visible the node is told. What instances set has a bound, of which players have equal shares, so
 * that a flood of one hides nothing of others; what entries set is all told, for it came from the node.
 */
export class Telling {
  #second = NaN
  /** What each player has been told of in this second, and how many had anything to tell in the one before. */
  readonly #told = new Map<string, number>()
  #players = 0
  readonly #missed = new Map<string, number>()

  /** @param from first frame of the block in which they become visible */
  pass(changes: readonly TagChange[], from: Frames): readonly ToldTag[] {
    const second = Math.floor(from / SAMPLE_RATE)
    if (second !== this.#second) this.#turnTo(second)
    return changes.flatMap((change) => {
      if (this.#takes(change)) return [this.#withMissed(change)]
      this.#miss(change.path)
      return []
    })
  }

  #turnTo(second: number): void {
    this.#second = second
    this.#players = this.#told.size
    this.#told.clear()
  }

  #takes({ path, value }: TagChange): boolean {
    const slash = path.indexOf('/')
    if (!path.includes('/', slash + 1)) return true
    const player = path.slice(0, slash)
    const told = this.#told.get(player) ?? 0
    this.#told.set(player, told)
    const all = told + CHANGE_BYTES + path.length + textIn(value)
    if (all > TOLD_BYTES / Math.max(this.#players, this.#told.size)) return false
    this.#told.set(player, all)
    return true
  }

  #withMissed(change: TagChange): ToldTag {
    const missed = this.#missed.get(change.path)
    if (missed === undefined) return change
    this.#missed.delete(change.path)
    return { ...change, missed }
  }

  #miss(path: string): void {
    const missed = this.#missed.get(path)
    if (missed !== undefined || this.#missed.size < MAX_MISSED) this.#missed.set(path, (missed ?? 0) + 1)
  }
}
