import type { BlobId, EntryKey, Frames, JamId, Millis, Name, PlayerId, Refusal } from '../base/index.ts'
import type { PreparedGenerator } from '../generators/index.ts'
import type { ProcessLink } from '../generators/process/node/host.ts'
import type { ConductorEvent, JamEntry, Sketch, TagValue, TakeRecord } from '../jam/index.ts'
import type { InstanceEvent, Meters, MixSetting, MixTarget } from '../mix/index.ts'
import type { CardTiming, SinkState } from '../sink/index.ts'

/** What a session of the engine plays, and where to. */
export interface SessionInit {
  readonly jam: JamId
  /** The engine that the jam's start names. */
  readonly engine: number
  readonly player: PlayerId
  /** Monotonic time of jam frame 0, as known when it begins; `clock` says what it is known to be later. */
  readonly zero: Millis
  /** How much later than others the player wants to hear all, below 0 earlier; `nudge` changes it. 0 where left out. */
  readonly nudge?: Millis
  /** As the user wrote it. */
  readonly sink: string
  /** The file that logs what takes effect; its folder exists. */
  readonly takeFile: string
  readonly appVersion: string
  /** Names what it unpacks (`unpackOwner`), so that the node's next engine removes it where this one is killed. */
  readonly owner?: string
  /** Entries known when it begins; more follow. */
  readonly entries: readonly JamEntry[]
  /** Archives that are here when it begins: what runs already starts in its place in the first frame. More follow. */
  readonly archives: readonly ArchiveFile[]
  /** Threads that render, besides the one that mixes. */
  readonly threads: number
}

export interface ArchiveFile {
  readonly archive: BlobId
  readonly file: string
  /**
   * Whether it may run as a process here: else it is refused where it is one. An archive that is handed over again is what is
   * said of it last: refused, it starts no more, and what sounds of it ends.
   */
  readonly mayRun?: boolean
}
/** The archive of a sketch, by the sketch's name. */
export interface SketchFile extends Required<ArchiveFile> {
  readonly name: Name
}
/** Ready to start, or why not. */
export interface ArchiveOutcome {
  readonly archive: BlobId
  readonly refusal: Refusal | undefined
  /** Of one that is ready. */
  readonly runtime?: PreparedGenerator['runtime']
}
export interface ReadyArchive {
  readonly archive: BlobId
  readonly prepared: PreparedGenerator
}

/** A sketch that is ready to start. */
export interface ReadySketch extends Omit<Sketch, 'generator'> {
  readonly prepared: PreparedGenerator
}

/** Node to engine. The engine reads archives by path: it has no key and no store. */
export type ToEngine =
  | { readonly kind: 'open'; readonly session: SessionInit }
  | { readonly kind: 'observe'; readonly entries: readonly JamEntry[] }
  | { readonly kind: 'withdraw'; readonly keys: readonly EntryKey[] }
  | ({ readonly kind: 'archive' } & ArchiveFile)
  | { readonly kind: 'mix'; readonly target: MixTarget; readonly setting: MixSetting }
  /** This node alone plays an archive from the next bar on, in place of the sketch of that name before it (`Sketches`). */
  | ({ readonly kind: 'sketch'; readonly params: Sketch['params'] } & SketchFile)
  /** It ends, at once or where the first own instance of an archive starts. */
  | { readonly kind: 'sketch-end'; readonly name: Name; readonly until?: BlobId }
  /** Of the machine and the network, by paths under `local/` and `net/`: those that are others now. */
  | { readonly kind: 'readings'; readonly readings: Readings }
  /** Monotonic time of jam frame 0, known anew. */
  | { readonly kind: 'clock'; readonly zero: Millis }
  /** The player's own shift, in place of the one before. */
  | { readonly kind: 'nudge'; readonly millis: Millis }
  | { readonly kind: 'close' }

/** Readings by their paths. */
export type Readings = readonly { readonly path: string; readonly value: number }[]

/** A local act of mixing, with the frame from which on it holds. */
export interface MixAct {
  readonly frame: Frames
  readonly target: MixTarget
  readonly setting: MixSetting
}

/** Why a session ended: the jam is over, its owner asked, or it cannot go on. */
export type SessionEnd = 'over' | 'asked' | 'failed'

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

/** A tag that became visible, or a note that began, with its pitch. */
export interface ToldTag {
  readonly path: string
  readonly value: TagValue
  readonly frame: Frames
  /** So many of its path before it were not told. */
  readonly missed?: number
}

/** Engine to node. */
export type FromEngine =
  | { readonly kind: 'ready' }
  /** The first frame is being rendered. */
  | { readonly kind: 'opened'; readonly firstFrame: Frames }
  | { readonly kind: 'jam'; readonly events: readonly ConductorEvent[] }
  | { readonly kind: 'instances'; readonly events: readonly InstanceEvent[] }
  /** What became visible, as far as it is told (`Telling`). */
  | { readonly kind: 'tags'; readonly changes: readonly ToldTag[] }
  /** `zero`: the monotonic time at which jam frame 0 would have been due as the sinks are paced now. `cards`: when each card sounds. */
  | {
      readonly kind: 'levels'
      readonly frame: Frames
      readonly levels: Meters
      readonly zero: Millis
      readonly cards: readonly CardTiming[]
    }
  /** From jam frame `at` on, `frames` were not rendered when they were due, or will not be heard from a card. */
  | { readonly kind: 'late'; readonly what: 'underrun' | 'skipped'; readonly at: Frames; readonly frames: Frames }
  | { readonly kind: 'mix'; readonly acts: readonly MixAct[] }
  | { readonly kind: 'sink'; readonly state: SinkState }
  /** What became of an archive, once for each time it was handed over and in that order. */
  | ({ readonly kind: 'archive' } & ArchiveOutcome)
  /** What became of the archive of a sketch, once for each that was told, those of one name in their order. */
  | { readonly kind: 'sketch'; readonly name: Name; readonly archive: BlobId; readonly refusal: Refusal | undefined }
  /** Nothing more comes of the session; its files are finished. */
  | { readonly kind: 'closed'; readonly report: SessionReport; readonly end: SessionEnd }
  /** Something is amiss; the session goes on. */
  | ({ readonly kind: 'warning' } & Refusal)
  /** The session could not begin, or the process died: nothing more comes. */
  | ({ readonly kind: 'failed' } & Refusal)

/** Session to rendering thread. */
export type ToRender =
  | Exclude<ToEngine, { kind: 'open' | 'archive' | 'sketch' | 'clock' | 'nudge' | 'close' }>
  /** Goes on so many frames later, a multiple of 128. */
  | { readonly kind: 'jump'; readonly frames: Frames }
  | ({ readonly kind: 'archive' } & ReadyArchive)
  | ({ readonly kind: 'sketch' } & ReadySketch)
  /** A process that was ready may run no more. */
  | { readonly kind: 'forbid'; readonly archive: BlobId }
  /** The first frame to render, a multiple of 128, and what is ready by then. */
  | { readonly kind: 'begin'; readonly from: Frames; readonly archives: readonly ReadyArchive[] }

/** Rendering thread to session. */
export type FromRender = { readonly kind: 'ready' } | Rendered

/** What the quanta up to `frame` came to. */
export interface Rendered {
  readonly kind: 'rendered'
  readonly frame: Frames
  /** What was taken in before the first of them: entries, withdrawals, archives that came or are forbidden, jumps. */
  readonly inputs: readonly TakeRecord[]
  readonly jam: readonly ConductorEvent[]
  readonly instances: readonly InstanceEvent[]
  readonly changes: readonly ToldTag[]
  readonly mix: readonly MixAct[]
  readonly levels?: Meters
  /** Nothing will sound any more: the jam has ended and its tails with it. */
  readonly over?: true
}

/** What a rendering thread is started with. */
export interface RenderStart {
  readonly jam: JamId
  readonly player: PlayerId
  readonly ring: SharedArrayBuffer
  readonly threads: number
  readonly entries: readonly JamEntry[]
  /** Where process generators are run. */
  readonly processes: ProcessLink | undefined
}
