import type { Frames } from '../base/index.ts'
import type { Trial, TrialInit } from './trial.ts'

/** What the process of a trial is told, once. */
export type ToTrial = TrialInit

/** What it tells, in this order: every piece, then how it ended. */
export type FromTrial =
  | { readonly kind: 'piece'; readonly at: Frames; readonly left: Float32Array; readonly right: Float32Array }
  | { readonly kind: 'done'; readonly trial: Trial }
  | { readonly kind: 'failed'; readonly message: string }
