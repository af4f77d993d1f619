/** Where the mix goes. All take interleaved stereo float32 at 48,000 Hz, in the exact sequence of jam frames. */
export interface Sink {
  /** As the user wrote it: `wav:/tmp/a.wav`, `speaker`. */
  readonly name: string
  /**
   * What the sink does when it is late: `wait` never slips or skips (files); `skip` drops what is past (cards), since
   * what is heard must keep the jam's time.
   */
  readonly lateness: 'wait' | 'skip'
  /** @throws SINK_UNAVAILABLE, SINK_LOST */
  open(): Promise<void>
  /** Resolves when the sink takes more. `samples` must not be kept after that. @throws SINK_LOST */
  write(samples: Float32Array): Promise<void>
  /** Ends the file or lets the card play out; idempotent. */
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
  /** The jam goes on silently; the sink is tried again after `retryMillis`. */
  | { readonly state: 'lost'; readonly name: string; readonly why: string; readonly retryMillis: number }
  | { readonly state: 'closed'; readonly name: string }
