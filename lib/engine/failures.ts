import type { Frames } from '../base/index.ts'
import type { Grid, InstancePath } from '../jam/index.ts'
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
  readonly all: Failure[] = []
  readonly #grid: Pick<Grid, 'barOfFrame'>

  constructor(grid: Pick<Grid, 'barOfFrame'>) {
    this.#grid = grid
  }

  /** Takes in what one quantum came to. */
  take(events: readonly InstanceEvent[]): void {
    for (const event of events) {
      const record = instanceRecord(event)
      if (record?.kind !== 'failed') continue
      const { frame, code, message } = record
      this.all.push({ path: event.path, frame, bar: this.#grid.barOfFrame(frame) + 1, code, message })
    }
  }
}
