import type { Beats, EntryKey, Frames, PlayerId, Refusal } from '../base/index.ts'
import type { InstancePath } from './types.ts'

/**
 * Why something took effect after its `at`: its entry came late, its archive did, the grid moved past it, or this
 * session began after it (which is no fault, and not told to the player).
 */
export type LateReason = 'entry' | 'archive' | 'grid' | 'join'
export interface Lateness {
  /** Frames after its `at`. */
  readonly by: Frames
  readonly reason: LateReason
}

/** Why an instance ends, or never starts. */
export type EndReason = 'stop' | 'length' | 'replaced' | 'member' | 'withdrawn' | 'end'

/** What the take and the player should know. Frames are the jam's. */
export type ConductorEvent =
  /** A stop, param or tag took effect. */
  | { readonly kind: 'applied'; readonly key: EntryKey; readonly frame: Frames; readonly late?: Lateness }
  /** A param or tag came after a newer one of its kind had taken effect: nothing changed. */
  | { readonly kind: 'superseded'; readonly key: EntryKey; readonly frame: Frames }
  | {
      readonly kind: 'started'
      readonly key: EntryKey
      readonly path: InstancePath
      readonly frame: Frames
      readonly late?: Lateness
    }
  | { readonly kind: 'ended'; readonly path: InstancePath; readonly frame: Frames; readonly reason: EndReason }
  /**
   * A play will be heard here, or something else that is placed will hold, from this frame on: from its place, or later
   * where that is over. Of tags and params that stand before a session begins `applied` alone says so.
   */
  | {
      readonly kind: 'due'
      readonly key: EntryKey
      readonly frame: Frames
      /** What a play waits for first. */
      readonly waiting?: 'archive' | 'tag'
      /** Why nothing comes of it: the instance is over by then. */
      readonly over?: EndReason
    }
  /** A play will not be heard here: it is over before it could start. */
  | { readonly kind: 'skipped'; readonly key: EntryKey; readonly path: InstancePath; readonly reason: EndReason }
  /** An entry of the jam does not count, as things stand. */
  | ({ readonly kind: 'refused'; readonly key: EntryKey; readonly identity: PlayerId } & Refusal)
  /** The beat at a frame jumped: a change of tempo or meter came after its bar. */
  | { readonly kind: 'grid'; readonly frame: Frames; readonly from: Beats; readonly to: Beats }
  /** Nobody drained the events: this many oldest ones are gone. */
  | { readonly kind: 'lost'; readonly count: number }

/** The most events kept for whoever drains them. */
export const MAX_EVENTS = 16_384

/** Events waiting to be drained, bounded. */
export class EventLog {
  #events: ConductorEvent[] = []
  #lost = 0

  add(event: ConductorEvent): void {
    if (this.#events.length >= MAX_EVENTS) {
      this.#events = this.#events.slice(MAX_EVENTS / 2)
      this.#lost += MAX_EVENTS / 2
    }
    this.#events.push(event)
  }

  /** Gives and forgets what happened since the last call, in order. */
  drain(): readonly ConductorEvent[] {
    const events: ConductorEvent[] = this.#lost > 0 ? [{ kind: 'lost', count: this.#lost }] : []
    const drained = events.length > 0 ? events.concat(this.#events) : this.#events
    this.#events = []
    this.#lost = 0
    return drained
  }
}
