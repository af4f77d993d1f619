import type { Millis } from '../base/index.ts'
import { flush } from './level.ts'
import type { Db } from './level.ts'

/** With fewer rows than this in LevelDB's log, it is quick to read as it is. */
const MANY_ROWS = 2_048
/** How long is looked at, and with how many rows written meanwhile the store is taken to be at rest. */
const LOOK: Millis = 5_000
const FEW_ROWS = 512

/**
 * Puts what LevelDB keeps in memory and in its log into a table once little is written, so that opening after a kill has
 * little to read: a log of 16 MiB takes a tenth of a second of processor time.
 */
export class Rest {
  readonly #db: Db
  readonly #look: Millis
  /** Rows since the last table, and since it was last looked. */
  #rows = 0
  #recent = 0
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> | undefined

  constructor(db: Db, look = LOOK) {
    this.#db = db
    this.#look = look
  }

  /** So many rows were written. */
  wrote(rows: number): void {
    this.#rows += rows
    this.#recent += rows
    if (this.#rows >= MANY_ROWS) this.#wait()
  }

  /** Stops looking; resolves when no table is being written, and what is much is in one. Little may be written after it. */
  async end(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#flushing
    if (this.#rows < MANY_ROWS) return
    this.#flush()
    await this.#flushing
  }

  #wait(): void {
    // Nobody has to wait for it: what was not put into a table is read from the log.
    this.#timer ??= setTimeout(() => this.#looked(), this.#look).unref()
  }

  #looked(): void {
    const recent = this.#recent
    this.#timer = undefined
    this.#recent = 0
    if (recent >= FEW_ROWS || this.#flushing) {
      this.#wait()
      return
    }
    this.#flush()
  }

  #flush(): void {
    this.#rows = 0
    const ended = (): void => (this.#flushing = undefined)
    // A database that cannot write tells whoever writes next.
    this.#flushing = flush(this.#db).then(ended, ended)
  }
}
