import type { BlobId, Millis } from '../../base/index.ts'
import type { PreparedGenerator } from '../../generators/index.ts'
import type { ProcessLink } from '../../generators/process/node/host.ts'
import type { Quantum, ShortIds } from '../types.ts'

/** Places of the control words, shared by a pool's thread and its owner. */
export const ASKED = 0
export const ANSWERED = 1
/** Whether the quantum comes as a message (1) or lies in the numbers (0). */
export const BY_MESSAGE = 2
/** Whether a report comes as a message (1) or is empty (0). */
export const REPORTED = 3
export const CLOSED = 4
/** The thread met a fault of the program (1); a message says which. */
export const FAILED = 5
/** How many messages the owner has sent. */
export const SENT = 6
/** The system's number of the thread; 0 where it does not tell. */
export const THREAD = 7
export const CONTROL_WORDS = 8
/** from, beat, beatsPerFrame, bar; then, from the thread, its load */
export const NUMBERS = 5
export const LOAD = 4

/** How owner and thread wait for each other: asleep, or looking again and again for a while first. */
export type Waiting = 'sleeping' | 'looking'

/** Looks before one sleeps after all: a tenth of a millisecond, as much as most quanta take and what stands between them. */
const LOOKS = 24_000
/** What a look in vain costs of the credit, and the most of it. */
const VAIN = 4
const MOST_CREDIT = 32
/** Waits that are slept through once the credit is gone. */
const SLEEPS = 256

/**
 * Looking instead of sleeping, as long as that helps: where the other side is kept waiting for a processor itself, one
 * soon sleeps, and tries again from time to time.
 */
export class Lookout {
  readonly #control: Int32Array
  #credit = MOST_CREDIT

  constructor(control: Int32Array) {
    this.#control = control
  }

  /** Looks until a word is not what it was, if at all. @returns whether it has changed */
  look(word: number, was: number): boolean {
    if (this.#credit < 0) {
      if (++this.#credit < 0) return false
      this.#credit = VAIN
    }
    for (let looks = 0; looks < LOOKS; looks++) {
      if (Atomics.load(this.#control, word) === was) continue
      if (this.#credit < MOST_CREDIT) this.#credit++
      return true
    }
    this.#credit -= VAIN
    if (this.#credit < 0) this.#credit = -SLEEPS
    return false
  }
}

/** What a thread is started with. */
export interface ThreadStart {
  readonly waiting: Waiting
  readonly control: SharedArrayBuffer
  readonly numbers: SharedArrayBuffer
  readonly slots: SharedArrayBuffer
  readonly guardMillis: Millis | undefined
  /** Where process generators are run; nowhere where it is left out. */
  readonly processes: ProcessLink | undefined
}

/** From the owner to a thread. */
export type ToThread =
  | { readonly kind: 'prepare'; readonly archive: BlobId; readonly prepared: PreparedGenerator }
  | { readonly kind: 'forget'; readonly archive: BlobId }
  | { readonly kind: 'know'; readonly shortIds: ShortIds }
  | { readonly kind: 'quantum'; readonly quantum: Quantum }
