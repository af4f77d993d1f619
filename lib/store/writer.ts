import { write } from './level.ts'
import type { Db, Durability, Write } from './level.ts'
import { Rest } from './rest.ts'

/** Rows in one batch that several writes share. */
const MAX_ROWS = 16_384

interface Waiting {
  readonly writes: readonly Write[]
  readonly durability: Durability
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

/**
 * Writes one batch after another, each in the order in which it was asked for; what is asked for while one is written
 * shares the next. So nothing is seen, or survives, of a later write without the earlier ones.
 */
export class Writer {
  readonly #db: Db
  readonly #rest: Rest
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined

  constructor(db: Db) {
    this.#db = db
    this.#rest = new Rest(db)
  }

  /** Resolves once written. @throws MarmaladeError STORE_WRITE */
  async write(writes: readonly Write[], durability: Durability): Promise<void> {
    await new Promise<void>((done, failed) => {
      this.#waiting.push({ writes, durability, done, failed })
      this.#writing ??= this.#run()
    })
  }

  /** Resolves when nothing is being written any more, nor will be by itself, and opening is quick: before the database is closed. */
  async idle(): Promise<void> {
    await this.#writing
    await this.#rest.end()
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#take()
      const writes = group.length === 1 ? (group[0]?.writes ?? []) : group.flatMap((each) => each.writes)
      const synced = group.some(({ durability }) => durability === 'synced')
      try {
        await write(this.#db, writes, synced ? 'synced' : 'quick')
        this.#rest.wrote(writes.length)
        for (const each of group) each.done()
      } catch (error) {
        for (const each of group) each.failed(error)
      }
    }
    this.#writing = undefined
  }

  /** As many of those that wait as fit into one batch, at least one. */
  #take(): Waiting[] {
    let rows = 0
    const beyond = this.#waiting.findIndex(({ writes }, i) => (rows += writes.length) > MAX_ROWS && i > 0)
    const group = this.#waiting.slice(0, beyond < 0 ? undefined : beyond)
    this.#waiting = this.#waiting.slice(group.length)
    return group
  }
}
