import type { Frames, JamId, Name, PlayerRef } from '../../base/index.ts'
import type { Manifest } from '../manifest.ts'
import type { VoiceFailure } from '../types.ts'
import type { Said } from './lines.ts'

/** A process generator that may run here: made once for an archive. */
export interface PreparedProcess {
  readonly runtime: 'process'
  readonly manifest: Manifest
  /** The archive's file on this machine, unpacked by whoever starts the process. */
  readonly file: string
  /** What runs: a path inside it. */
  readonly entry: string
}

/** Which instance a voice is: what its process is told of itself. */
export interface InstanceIdentity {
  readonly jam: JamId
  readonly player: PlayerRef
  readonly generator: Name
  readonly instance: Name
  /** `<player>/<generator>/<instance>`. */
  readonly path: string
  /** Jam frame of its first sample. */
  readonly start: Frames
}

/** What a process writes to its standard output: interleaved stereo, little-endian. */
export type PcmFormat = 'f32le' | 's16le'

/** A process that is to be started, for the thread that serves processes. */
export interface StartProcess {
  readonly kind: 'start'
  /** Of a `ProcessMemory`. */
  readonly memory: SharedArrayBuffer
  readonly file: string
  readonly entry: string
  readonly format: PcmFormat
  readonly path: string
  /** Jam frame of the first sample that is asked of it. */
  readonly first: Frames
  readonly environment: Readonly<Record<string, string>>
}
/** From the threads that mix to the one that serves processes; `wake`: look at the memories. */
export type ToServing = StartProcess | { readonly kind: 'wake' }

/** What a process says to the mix, checked. */
export type Saying = Exclude<Said, { kind: 'json' }>
/**
 * Lines from the serving thread: what the process said, and why it ended, if that was no good end. What a take kept holds
 * from the jam frame `from` on.
 */
export type FromServing = (Saying & { readonly from?: Frames }) | ({ readonly kind: 'failed' } & VoiceFailure)
/** A line to it for the take: what the mix heard of the process, and from which jam frame on. */
export interface HeardSaying {
  readonly said: Saying
  readonly from: Frames
}
