import type { Beats, Frames } from '../base/index.ts'
import type { NoteShape, TagListener } from '../jam/index.ts'

/** What a generator may call, handed in by whoever runs it. Tags here are already seen "at the current block". */
export interface TagAccess {
  /** A handle for a path or glob (ENGINE-1 section 3), or -1 where 64 are open or the path is malformed. */
  open(path: string): number
  /** Newest visible value; NaN where there is none or it is text. */
  get(handle: number): number
  /** Newest visible text; undefined where there is none or it is a number. */
  text(handle: number): string | undefined
  /** How many of its points are remembered, 0 to 256: one a frame. */
  points(handle: number): number
  /** When the point so many before the newest was set, in the instance's own count of frames (negative if earlier); NaN where none. */
  frame(handle: number, back?: number): Frames
  /** The value so many points before the newest; NaN where there is none or it was a text. */
  value(handle: number, back: number): number
  /** The value that held at a frame of the instance's own count; NaN where none is remembered or it was a text. */
  valueAt(handle: number, frame: Frames): number
  /** From now on `tell` says when what a handle reads has changed. */
  watch(handle: number): void
  /**
   * Tells what of the watched has changed since it was told last, in order of handles, then the notes that have begun; frames in the
   * instance's own count.
   */
  tell(listener: TagListener): void
  /** Sets a tag under the instance's own path, visible from the beat's frame, at the earliest at the next multiple of 128. */
  set(name: string, value: number | string, atBeat: Beats): void
  /** Plays a note from the beat's frame on, for others to hear; NaN for the next multiple of 128. One that comes too late is dropped. */
  note(name: string, pitch: number, shape: NoteShape, atBeat: Beats): void
  /** A line for the jam's log; limited in rate by the callee. */
  log(text: string): void
}

/** Status of a block: go on, in its tail, done, failed. */
export type Status = 'go' | 'tail' | 'done' | 'error'

export interface BlockPosition {
  /** 1 to 128. */
  readonly frames: Frames
  /** Counted from the instance's own start on this node. */
  readonly frame: Frames
  /** The jam's, the same for everyone. */
  readonly beat: Beats
  readonly beatsPerFrame: number
  /** Index from 0 plus fraction. */
  readonly bar: number
  readonly startBeat: Beats
}

/**
 * One running instance, whatever runs it: WASM in this process now, a process under bubblewrap later.
 * Life: made by a runtime -> param()s -> process() ... -> stop()? -> process() for its tail -> close().
 */
export interface Voice {
  readonly kind: 'wasm' | 'process'
  /** Left and right of the last block: 128 float32 each, the first `frames` of which are fresh. */
  readonly left: Float32Array
  readonly right: Float32Array
  /** Why it ended by itself, once it has: then `process` answers `error`. */
  readonly failure?: VoiceFailure | undefined
  /** Index in generator.json's parameters, without gain and pan. */
  param(index: number, value: number): void
  process(block: BlockPosition): Status
  /** Asks for the tail; false where the generator has none and should be faded. */
  stop(): boolean
  /** What another version of it may go on from: at most 64 KiB, a copy; undefined where it gives none. */
  save?(): Uint8Array | undefined
  /** Goes on from what another version gave; false where it does not take it, and begins as it is. */
  load?(state: Uint8Array): boolean
  close(): void
}

/** Why an instance ended by itself. */
export interface VoiceFailure {
  readonly code:
    | 'GENERATOR_TRAPPED'
    | 'GENERATOR_RAN_AWAY'
    | 'GENERATOR_FAILED'
    | 'GENERATOR_TOO_SLOW'
    | 'GENERATOR_NO_MEMORY'
    | 'GENERATOR_NOT_ALLOWED'
    | 'GENERATOR_LOST'
  readonly message: string
}
