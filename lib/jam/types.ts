import type { Beats, BlobId, EntryKey, Frames, JamId, Micros, Name, PlayerRef, Ticks } from '../base/index.ts'

/** `<player ref>/<generator>/<instance>`: an instance's own path in the state, and its identity in a jam. */
export type InstancePath = `${PlayerRef}/${Name}/${Name}`

/** The order in which instances are processed and score entries counted: at, comparable, key (32 raw bytes). */
export interface ScorePosition {
  readonly at: Ticks
  readonly comparable: Micros
  readonly key: EntryKey
}

/** What a play asks for, ready to be started. */
export interface InstanceSpec {
  readonly jam: JamId
  readonly path: InstancePath
  readonly player: PlayerRef
  readonly generator: Name
  readonly instance: Name
  readonly archive: BlobId
  /** Score order of its play: instances are processed in this order. */
  readonly order: ScorePosition
  /** Parameters by name, `gain` (dB) and `pan` (-1 to 1) among them, as in force at its first frame on this node. */
  readonly params: Readonly<Record<string, number>>
  /** The jam's beat at which its play stands, the same for everyone, however late it starts here. */
  readonly startBeat: Beats
  /** This node alone plays it: no entry asks for it, and it takes nobody's room. */
  readonly isSketch?: true
}

export type TagValue = number | string

/** A value with the frame it holds from. */
export interface TagPoint {
  readonly value: TagValue
  readonly frame: Frames
}

/**
 * The newest value of a path or bare name that is visible at a frame, of what the tags' board knows: everything visible
 * before the block of 128 that holds the frame, and of that block what instances set. Entries' own tags of that block
 * are the conductor's to know.
 */
export type ReadTag = (path: string, frame: Frames) => TagPoint | undefined

/** What takes effect at a frame. Several at one frame hold in the order given. */
export type Command =
  | {
      readonly kind: 'start'
      readonly frame: Frames
      readonly spec: InstanceSpec
      /** Whose state it may go on from: it is rendered by the same thread. */
      readonly beside?: InstancePath
    }
  /** Ask for the tail, or fade where there is none. */
  | {
      readonly kind: 'stop'
      readonly frame: Frames
      readonly path: InstancePath
      /** Who takes its place, and may go on from its state. Where that does not start, this one goes on. */
      readonly heir?: InstancePath
    }
  /** Linear in frames from the value in force over `over` frames; at once where `over` is 0. */
  | {
      readonly kind: 'param'
      readonly frame: Frames
      readonly path: InstancePath
      readonly name: string
      readonly value: number
      readonly over: Frames
    }
  /** A tag that comes from entries: `<player>/<name>`, `jam/context`, `jam/tempo` … */
  | { readonly kind: 'tag'; readonly frame: Frames; readonly path: string; readonly value: TagValue }
  /** The jam is over: everything stops. */
  | { readonly kind: 'end'; readonly frame: Frames }

/** What starts, and where. */
export type StartCommand = Extract<Command, { kind: 'start' }>

/** Where a frame lies in the jam. */
export interface GridPosition {
  readonly beat: Beats
  /** Beats a frame from here to the next tempo point. */
  readonly beatsPerFrame: number
  /** Index from 0 plus fraction. */
  readonly bar: number
}

/** The grid as seen by who renders: a pure function of the starter's entries that have arrived. */
export interface GridView {
  /** The first frame at or after the beat. */
  frameOfBeat(beat: Beats): Frames
  positionAt(frame: Frames): GridPosition
  /** Frames in [from, to) at which tempo or meter changes. */
  cuts(from: Frames, to: Frames): readonly Frames[]
}

/**
 * Tells what takes effect when. One class serves live play and replay: a replay hands it every entry of the score
 * before the first frame and says that every archive is there, so nothing is late.
 */
export interface Conductor {
  readonly grid: GridView
  /** What takes effect in [from, from + 128), ordered by frame. Called once for each multiple of 128, growing. */
  commands(from: Frames): readonly Command[]
  /** What became of instances in the 128 frames rendered last. */
  passed?(events: readonly InstanceFate[]): void
}

/** What a conductor may want to know of what happened to an instance. */
export interface InstanceFate {
  /** Among others `started`, `ended`, and `refused` of one that was never started. */
  readonly kind: string
  readonly path: InstancePath
}
