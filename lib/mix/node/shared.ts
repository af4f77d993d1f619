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
export const CONTROL_WORDS = 8
/** from, beat, beatsPerFrame, bar */
export const NUMBERS = 4

/** What a thread is started with. */
export interface ThreadStart {
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
  | { readonly kind: 'know'; readonly shortIds: ShortIds }
  | { readonly kind: 'quantum'; readonly quantum: Quantum }
