import type { BlobId, EntryKey, Frames, JamId, Micros, PlayerId, Refusal } from '../base/index.ts'
import type { PreparedGenerator } from '../generators/index.ts'
import type { ConductorEvent, InstancePath, JamEntry, TagValue } from '../jam/index.ts'
import type { InstanceEvent, MeterReading, MixSetting, MixTarget, TagChange } from '../mix/index.ts'
import type { SinkState } from '../sink/index.ts'

/** What a session of the engine plays, and where to. */
export interface SessionInit {
  readonly jam: JamId
  readonly player: PlayerId
  /** Wall-clock time of jam frame 0, on this machine's clock. */
  readonly origin: Micros
  /** As the user wrote it. */
  readonly sink: string
  /** The file that logs what takes effect; its folder exists. */
  readonly takeFile: string
  readonly appVersion: string
  /** Entries known when it begins; more follow. */
  readonly entries: readonly JamEntry[]
  /** Threads that render, besides the one that mixes. */
  readonly threads: number
}

/** Node to engine. The engine reads archives by path: it has no key and no store. */
export type ToEngine =
  | { readonly kind: 'open'; readonly session: SessionInit }
  | { readonly kind: 'observe'; readonly entries: readonly JamEntry[] }
  | { readonly kind: 'withdraw'; readonly keys: readonly EntryKey[] }
  | { readonly kind: 'archive'; readonly archive: BlobId; readonly file: string }
  | { readonly kind: 'mix'; readonly target: MixTarget; readonly setting: MixSetting }
  | { readonly kind: 'close' }

export interface Levels {
  readonly master: MeterReading
  /** Decibels, 0 or above. */
  readonly reduction: number
  readonly instances: readonly (MeterReading & { readonly path: InstancePath })[]
}

/** What a session came to. */
export interface SessionReport {
  /** Jam frame of the first sample that went to the sink. */
  readonly firstFrame: Frames
  readonly frames: Frames
  /** SHA-256, hex, of the samples as interleaved float32, little-endian. */
  readonly samplesSha256: string
  /** Highest absolute sample. */
  readonly peak: number
  readonly underruns: number
  readonly skippedFrames: Frames
  /** Plays, stops, params and tags that took effect after their place. */
  readonly late: number
}

/** Engine to node. */
export type FromEngine =
  | { readonly kind: 'ready' }
  /** The first frame is being rendered. */
  | { readonly kind: 'opened'; readonly firstFrame: Frames }
  | { readonly kind: 'jam'; readonly events: readonly ConductorEvent[] }
  | { readonly kind: 'instances'; readonly events: readonly InstanceEvent[] }
  | {
      readonly kind: 'tags'
      readonly changes: readonly { readonly path: string; readonly value: TagValue; readonly frame: Frames }[]
    }
  | { readonly kind: 'levels'; readonly frame: Frames; readonly levels: Levels }
  | { readonly kind: 'late'; readonly what: 'underrun' | 'skipped'; readonly frames: Frames }
  | { readonly kind: 'sink'; readonly state: SinkState }
  /** An archive that cannot be played. */
  | { readonly kind: 'archive'; readonly archive: BlobId; readonly refusal: Refusal | undefined }
  /** The jam is over, or the session was closed; nothing more comes of it. */
  | { readonly kind: 'closed'; readonly report: SessionReport; readonly over: boolean }
  | { readonly kind: 'failed'; readonly message: string }

/** Session to rendering thread. */
export type ToRender =
  | Exclude<ToEngine, { kind: 'open' | 'archive' | 'close' }>
  | { readonly kind: 'archive'; readonly archive: BlobId; readonly prepared: PreparedGenerator }

/** Rendering thread to session: what the quanta up to `frame` came to. */
export interface FromRender {
  readonly frame: Frames
  readonly jam: readonly ConductorEvent[]
  readonly instances: readonly InstanceEvent[]
  readonly changes: readonly TagChange[]
  readonly levels?: Levels
  /** Nothing will sound any more: the jam has ended and its tails with it. */
  readonly over?: true
}

/** What a rendering thread is started with. */
export interface RenderStart {
  readonly jam: JamId
  readonly ring: SharedArrayBuffer
  /** The first frame, a multiple of 128. */
  readonly from: Frames
  readonly threads: number
  readonly entries: readonly JamEntry[]
}
