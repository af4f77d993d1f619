import type { Beats, Decibels, Frames, Millis, Name, PlayerRef } from '../base/index.ts'
import type { StartProcess, VoiceFailure } from '../generators/index.ts'
import type {
  BusName,
  Command,
  GridPosition,
  InstancePath,
  InstanceSpec,
  NoteShape,
  TagChange,
  TagValue,
} from '../jam/index.ts'
import type { Loudness } from './loudness.ts'
import type { Slot } from './slots.ts'

/** What an instance asked for by `tag_set` or `note`: visible from the beat's frame, at the earliest in the next quantum. */
export interface TagSet {
  readonly by: InstancePath
  readonly name: Name
  /** Of a note its pitch. */
  readonly value: TagValue
  /** NaN for as soon as may be. */
  readonly atBeat: Beats
  readonly note?: NoteShape
}

/** Where a frame lies, for every frame of a quantum at which a block may begin. */
export interface PlacedPosition extends GridPosition {
  readonly frame: Frames
}

/** A command as a group takes it: tags come as changes; a start brings its seed and the slot its sound goes to. */
export type GroupCommand =
  | {
      readonly kind: 'start'
      readonly frame: Frames
      readonly spec: InstanceSpec
      readonly seed: readonly [lo: number, hi: number]
      readonly slot: number
      /** Its process, where that was started ahead. */
      readonly preroll?: StartProcess
      /** Why it does not start, where a guard held it back in the session that is replayed. */
      readonly refused?: string
    }
  | Extract<Command, { kind: 'stop' | 'param' }>
  /** A local act: the instance gives no more, its last sample is faded. */
  | { readonly kind: 'detach'; readonly frame: Frames; readonly path: InstancePath }
  /** The same with the block at the frame as its last: what a guard did in a session that is replayed. */
  | { readonly kind: 'kill'; readonly frame: Frames; readonly path: InstancePath; readonly failure: VoiceFailure }

/** What a group needs to render the 128 frames from `from` on. */
export interface Quantum {
  readonly from: Frames
  /** For its own instances, ordered by frame. */
  readonly commands: readonly GroupCommand[]
  /** Every tag that becomes visible in these frames, whoever set it. */
  readonly changes: readonly TagChange[]
  /** `from` first; then each tempo point, command and change, growing. */
  readonly positions: readonly PlacedPosition[]
  /** Frames of `positions` at which tempo or meter changes. */
  readonly cuts: readonly Frames[]
}

/** What happened to an instance; frames are the jam's. */
export type InstanceEvent =
  | { readonly kind: 'started'; readonly frame: Frames; readonly path: InstancePath }
  /** Failed or killed: its last sample is being faded. */
  | { readonly kind: 'failed'; readonly frame: Frames; readonly path: InstancePath; readonly failure: VoiceFailure }
  /** A sketch was handed the state of the one before it: whether it goes on from there. */
  | { readonly kind: 'carried'; readonly frame: Frames; readonly path: InstancePath; readonly taken: boolean }
  /** Nothing more of it will be heard. */
  | { readonly kind: 'ended'; readonly frame: Frames; readonly path: InstancePath }
  | { readonly kind: 'log'; readonly frame: Frames; readonly path: InstancePath; readonly text: string }
  /** It asks for readings of `local/…` or `net/…`, told once: what it does depends on where it plays. */
  | { readonly kind: 'ambient'; readonly frame: Frames; readonly path: InstancePath }
  /** It was never started. */
  | {
      readonly kind: 'refused'
      readonly frame: Frames
      readonly path: InstancePath
      readonly by: RefusedBy
      readonly message: string
    }

/**
 * What keeps an instance from starting: the score, which has too many at once, for everybody alike; or this machine, on which its
 * archive is not there, an instance of its path still sounds, the guard held it back, or no thread is left.
 */
export type RefusedBy = 'score' | 'machine'

/** What a group gives besides sound: sets and events in processing order. */
export interface GroupReport {
  readonly sets: readonly TagSet[]
  readonly events: readonly InstanceEvent[]
}

/** The guard of live play (`watch.ts`). */
export interface Guard {
  /** The time for which the calling thread has run; where the system does not tell, a clock on the wall. */
  readonly now: () => Millis
  /** A clock on the wall that costs less to read; `now` where it is left out. */
  readonly wall?: () => Millis
  /** What an instance may take for a quantum at most. */
  readonly millis: Millis
}

/** Level of an instance or of the mix since it was read last, as factors of full scale. */
export interface MeterReading {
  readonly peak: number
  readonly rms: number
}

/** A player's own setting for an instance, a track or a player; a field left out stays as it is. */
export interface MixSetting {
  readonly gain?: Decibels
  readonly pan?: number
  readonly mute?: boolean
  readonly solo?: boolean
}

/** Whom a setting is for. */
export type MixTarget =
  | { readonly kind: 'instance'; readonly path: InstancePath }
  | { readonly kind: 'track'; readonly track: string }
  | { readonly kind: 'player'; readonly player: string }
  /** What comes back of a bus: it is not soloed, and no solo mutes it. */
  | { readonly kind: 'return'; readonly bus: BusName }

/** Which member each short id stands for: those of one member alone. */
export type ShortIds = ReadonlyMap<string, PlayerRef>

/** What a quantum came to, for the take and for who watches. */
export interface QuantumReport {
  readonly from: Frames
  /** In processing order. */
  readonly events: readonly InstanceEvent[]
  /** What became visible, in its order. */
  readonly changes: readonly TagChange[]
}

/** What a stem is of: an instance, or the return of a bus that instances share. */
export type StemPath = InstancePath | BusName

/** One instance's share of the quantum rendered last, or a bus's; of a bus, raw is what was sent to it. */
export interface Stem extends Slot {
  readonly path: StemPath
  readonly track: string | undefined
  /** What the player's own fader makes of it at the end of the quantum, as factors; 1 of a bus. */
  readonly gainLeft: number
  readonly gainRight: number
}

/** What is measured of a mix: for who watches everything, for a file that measures itself only what the limiter took. */
export type Measured = 'all' | 'limiter'

/** Levels since the last reading; loudness of the mix since it began. What is muted reads as silent. */
export interface Meters {
  readonly master: MeterReading
  readonly loudness: Loudness
  /** What the limiter took at most, in decibels, 0 or above. */
  readonly reduction: Decibels
  /** `load`: milliseconds of processor time that an instance takes of late for a second of sound; 0 offline, where nobody measures. */
  readonly instances: readonly (MeterReading & { readonly path: InstancePath; readonly load: number })[]
  /** Instances of one track together; a track of one is read as its instance. */
  readonly tracks: readonly (MeterReading & { readonly track: string })[]
  /** Returns of buses that rang. */
  readonly buses: readonly (MeterReading & { readonly bus: BusName })[]
}
