import type { Beats, Frames } from '../base/index.ts'
import type { TagListener } from './tag-view.ts'

/** Notes that one instance may play, and that one may hear, in 128 frames. */
export const MAX_NOTES = 256

/** What a note has besides its pitch. */
export interface NoteShape {
  /** 0 to 1. */
  readonly velocity: number
  readonly beats: Beats
}

/** Columns of a note that waits: pitch, velocity, beats, frame. */
const COLUMNS = 4

/**
 * Notes that wait to be told to one instance, in the order in which they came; one that waits is never overwritten. At most 256
 * are taken in 128 frames; of what is more `lost` says how many.
 */
export class NoteQueue {
  readonly #handles = new Int32Array(MAX_NOTES)
  readonly #numbers = new Float64Array(COLUMNS * MAX_NOTES)
  #waiting = 0
  #taken = 0
  lost = 0

  add(handle: number, pitch: number, { velocity, beats }: NoteShape, frame: Frames): void {
    if (this.#taken === MAX_NOTES) {
      this.lost++
      return
    }
    this.#taken++
    const at = COLUMNS * this.#waiting
    this.#handles[this.#waiting++] = handle
    this.#numbers[at] = pitch
    this.#numbers[at + 1] = velocity
    this.#numbers[at + 2] = beats
    this.#numbers[at + 3] = frame
  }

  /** @param origin the jam frame from which the listener counts */
  tell(listener: TagListener, origin: Frames): void {
    for (let n = 0; n < this.#waiting; n++) {
      const handle = this.#handles[n] ?? 0
      listener.note(handle, this.#of(n, 0), this.#of(n, 1), this.#of(n, 2), this.#of(n, 3) - origin)
    }
    this.#waiting = 0
  }

  #of(note: number, column: number): number {
    return this.#numbers[COLUMNS * note + column] ?? 0
  }

  /** The next 128 frames begin; those that still wait are of theirs. */
  renew(): void {
    this.#taken = this.#waiting
  }
}
