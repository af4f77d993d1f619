import type { Frames, Millis } from '../base/index.ts'

/** Where the mix goes. All take interleaved stereo float32 at 48,000 Hz, in the exact sequence of jam frames. */
export interface Sink {
  /** As the user wrote it: `wav:/tmp/a.wav`, `speaker`. */
  readonly name: string
  /**
   * What is done when the sink is late: those that `wait` never slip or skip (files); of those that `skip` what is past
   * is dropped (cards), since what is heard must keep the jam's time.
   */
  readonly lateness: 'wait' | 'skip'
  /** Of a card: how long after it is written a frame sounds, by what its buffers are set to. */
  readonly latency?: Frames
  /**
   * Frames that have sounded of those written since it was opened; undefined where that cannot be measured, as of a
   * sound server or a device that is a file. Without it a card is never slipped.
   */
  position?(): Frames | undefined
  /** May be called again after `close`. @throws SINK_UNAVAILABLE */
  open(): Promise<void>
  /** Resolves when the sink takes more. `samples` must not be kept after that. @throws SINK_LOST also where it is not open */
  write(samples: Float32Array): Promise<void>
  /** Ends the file or lets the card play out; idempotent. @throws SINK_LOST where the end of a file did not reach the disk */
  close(): Promise<void>
}

/** A sink's specification as parsed from `--sink`. */
export type SinkSpec =
  | { readonly kind: 'wav'; readonly file: string }
  | { readonly kind: 'raw'; readonly file: string }
  | { readonly kind: 'null' }
  | { readonly kind: 'speaker'; readonly device?: string }
  | { readonly kind: 'aplay'; readonly device?: string }
  /** A card, and a file beside it. */
  | { readonly kind: 'both'; readonly card: SinkSpec; readonly file: SinkSpec }

export type SinkState =
  | { readonly state: 'open'; readonly name: string }
  /**
   * The jam goes on silently; the sink is tried again after `retryMillis`. A file is not: what it missed would be missing
   * in it.
   */
  | { readonly state: 'lost'; readonly name: string; readonly why: string; readonly retryMillis?: number }
  | { readonly state: 'closed'; readonly name: string }

/** When a card lets sound what it is given. */
export interface CardTiming {
  readonly name: string
  /** From a frame's being handed over until it sounds: measured, or else what the buffers are set to. */
  readonly latency: Millis
  readonly measured: boolean
  /** How much later than it should a frame sounds; below 0 earlier. */
  readonly late: Millis
  /** Frames dropped or repeated, one at a time, to keep it in time. */
  readonly slips: number
}
