import type { Micros, Refusal } from '../base/index.ts'
import type { Entry, HeadPosition } from '../entry/index.ts'

/** More entries in a row than this without a signature that verifies end the feed before them. */
export const MAX_UNVERIFIED = 256
/** Entries and bytes of one run handed over at once. A frame of gossip holds far fewer; who has more splits it. */
export const MAX_RUN_ENTRIES = 4_096
export const MAX_RUN_BYTES = 16 * 1_048_576

/** Where in a run it ends, counted from 0, and why. What came before stands. */
export type Stop = { readonly at: number } & Refusal

/** Consecutive entries of one identity; where `stop` is set, the run ends before that one. */
export interface ParsedRun {
  readonly entries: readonly Entry[]
  readonly stop?: Stop
}

/** What the entries of a run follow on. */
export interface RunStart {
  /** The last authentic entry before them; undefined where they start a chain. */
  readonly tail?: HeadPosition
  /** Entries between that and the run whose own signatures failed, waiting for one that verifies. */
  readonly unverified: readonly Entry[]
}

/** A run sorted by what may be done with its entries; each list is in order and goes on where the one before ends. */
export interface CheckedRun {
  /** Authentic: the own signature of the last has been checked. What waited before the run is among them. */
  readonly authentic: readonly Entry[]
  /** No signature verifies these yet. At most 256. */
  readonly waiting: readonly Entry[]
  /**
   * More than 10 minutes ahead of the clock, with a signature that verifies at the end, to be handed in again at `due`.
   * Starts with what waits, where anything does.
   */
  readonly ahead: readonly Entry[]
  /** When the first of `ahead` may be taken. */
  readonly due?: Micros
  readonly stop?: Stop
}

/**
 * A stretch of a feed's entries stored together. Branches form trees: `parent` and `at` say on which entry of which
 * branch the first one hangs (neither where it starts a chain).
 */
export interface Branch {
  readonly id: number
  readonly parent?: number
  /** Comparable of the entry it hangs on, 0 where there is none. */
  readonly at: Micros
  /** Its last entry, whose own signature has been checked. */
  readonly tail: HeadPosition
  /** Entries of the whole chain up to and including the tail. */
  readonly count: number
  /** `arriving`: its announced head is not here yet. `dropping`: being deleted, never the feed again. */
  readonly state: 'kept' | 'arriving' | 'dropping'
}

/** Part of a chain: the entries of a branch up to and including a comparable. */
export interface Segment {
  readonly branch: number
  readonly until: Micros
}
