import type { Bars, Frames, PlayerRef } from '../base/index.ts'
import type { Grid } from '../jam/index.ts'
import type { Overview } from './overview.ts'

/** Whoever plays in a jam; texts may hold anything. */
export interface PicturedPlayer {
  readonly ref: PlayerRef
  readonly name: string
  /** Short id, by which others tell players of one name apart. */
  readonly short: string
}

/** A parameter that was set: over no frames at once. */
export interface PicturedParam {
  readonly frame: Frames
  readonly over: Frames
  readonly name: string
  /** What it was set to before; undefined where nothing says. */
  readonly before: number | undefined
  readonly value: number
}

/** An instance as it sounded; frames are the jam's. */
export interface PicturedInstance {
  /** `<player ref>/<generator>/<instance>`. */
  readonly path: string
  readonly from: Frames
  /** The first frame in which nothing of it is heard any more. */
  readonly to: Frames
  /** From which on it only rings, and why. */
  readonly stopped?: { readonly frame: Frames; readonly reason: string }
  /** Frames after its place at which it started. */
  readonly late?: Frames
  readonly params: readonly PicturedParam[]
}

export interface PicturedTalk {
  readonly frame: Frames
  readonly player: PlayerRef
  readonly text: string
}

/** One rendition of the jam. */
export interface PicturedRendition {
  /** What it is, where there are two. */
  readonly title?: string
  /** First frame, and the one before which it ends. */
  readonly from: Frames
  readonly to: Frames
  readonly overview: Overview
  readonly instances: readonly PicturedInstance[]
}

/** What differs between two renditions. */
export interface PicturedDifference {
  /** An instance's path, `room`, `echo` or `mix`. */
  readonly path: string
  /** Counted from 0. */
  readonly bars: ReadonlySet<Bars>
}

/** All that a picture says. Texts may hold anything: they are made plain, cut and escaped as they are drawn. */
export interface Picture {
  readonly title: string
  /** Under the title, one after another. */
  readonly facts: readonly string[]
  /** In the order of their hues. */
  readonly players: readonly PicturedPlayer[]
  readonly grid: Grid
  readonly talk: readonly PicturedTalk[]
  /** One, or two, one above the other. */
  readonly renditions: readonly PicturedRendition[]
  readonly differences: readonly PicturedDifference[]
  /** Why, line by line. */
  readonly reasons: readonly string[]
  /** At the foot: what, and its value. */
  readonly credits: readonly (readonly [what: string, value: string])[]
}
