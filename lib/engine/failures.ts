import type { Frames, Refusal } from '../base/index.ts'
import { pathOf, type Grid, type InstancePath, type PlayItem } from '../jam/index.ts'
import type { InstanceEvent } from '../mix/index.ts'
import { instanceRecord } from './take-file.ts'

/** An instance that ended by itself in a render, or that did not start. */
export interface Failure {
  /** Whose it is, of which generator, and what it is called. */
  readonly path: InstancePath
  /** The jam's: of the block in which it failed, or where it was to start. */
  readonly frame: Frames
  /** In which that lies, from 1. */
  readonly bar: number
  readonly code: string
  readonly message: string
}

/** Keeps what failed while it is rendered: each instance ends alone, and nobody else's sound is another for it. */
export class Failures {
  readonly #all: Failure[] = []
  readonly #grid: Pick<Grid, 'barOfFrame' | 'frameOfTick'>

  constructor(grid: Pick<Grid, 'barOfFrame' | 'frameOfTick'>) {
    this.#grid = grid
  }

  /** By frame. */
  get all(): readonly Failure[] {
    return [...this.#all].sort((a, b) => a.frame - b.frame)
  }

  /** A play does not start: its archive is refused for what it holds, here as everywhere. */
  refuse(play: PlayItem, { code, message }: Refusal): void {
    this.#add({ path: pathOf(play), frame: this.#grid.frameOfTick(play.payload.at), code, message })
  }

  /** Takes in what one quantum came to. */
  take(events: readonly InstanceEvent[]): void {
    for (const event of events) {
      const record = instanceRecord(event)
      if (record?.kind !== 'failed') continue
      const { frame, code, message } = record
      this.#add({ path: event.path, frame, code, message })
    }
  }

  #add(failure: Omit<Failure, 'bar'>): void {
    this.#all.push({ ...failure, bar: this.#grid.barOfFrame(failure.frame) + 1 })
  }
}
