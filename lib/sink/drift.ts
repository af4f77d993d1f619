import type { Frames } from '../base/index.ts'

/** Measurements of which the middle one counts. */
const KEPT = 8
/** From how much on a card is put right, and to how much: half a millisecond, and a few frames. */
const FROM: Frames = 24
const TO: Frames = 4

/**
 * How far a card is from where it should be. Its count of what has sounded and the count of what is due would differ by
 * a fixed number, were its clock ours: that number is measured again and again, and held against the number of frames
 * that were left out (or put in, below 0) on the way to it. So what was put right counts at once, before it is heard.
 */
export class Drift {
  #wanted: Frames[] = []
  #slipping = false

  /** @param due frames due since the beginning @param heard frames that sounded, by the card's count */
  note(due: Frames, heard: Frames): void {
    this.#wanted.push(due - heard)
    if (this.#wanted.length > KEPT) this.#wanted.shift()
  }

  /** What was measured holds no more. */
  reset(): void {
    this.#wanted = []
    this.#slipping = false
  }

  /** Frames by which what is handed over now will be late, below 0 early; undefined until enough is measured. @param left frames left out */
  late(left: Frames): Frames | undefined {
    if (this.#wanted.length < KEPT) return undefined
    const sorted = [...this.#wanted].sort((a, b) => a - b)
    return ((sorted[KEPT / 2 - 1] ?? 0) + (sorted[KEPT / 2] ?? 0)) / 2 - left
  }

  /** Whether one more frame is to be dropped (-1) or repeated (1). @param left as above */
  slip(left: Frames): -1 | 0 | 1 {
    const late = this.late(left) ?? 0
    this.#slipping = Math.abs(late) >= (this.#slipping ? TO : FROM)
    if (!this.#slipping) return 0
    return late > 0 ? -1 : 1
  }
}
