import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { PlayerId } from '../../lib/base/index.ts'
import { replaceFile } from '../../lib/base/node/replace.ts'
import { ids, type Log } from '../../lib/host/index.ts'

/** Players whose last address is remembered; the one reached longest ago goes first. */
const MAX_REMEMBERED = 512
const MAX_FILE_BYTES = 1_048_576

const remembered = z.array(z.strictObject({ player: ids.player, address: z.string().max(512) }))

/** Where players were last reached: a file in the home, for the next run. Losing it costs nothing but time. */
export class Book {
  readonly #file: string
  readonly #log: Log
  /** Longest ago first. */
  readonly #reached = new Map<PlayerId, string>()
  #writing: Promise<void> = Promise.resolve()
  #dirty = false

  constructor(file: string, log: Log) {
    this.#file = file
    this.#log = log
  }

  /** What the last run remembered. */
  async load(): Promise<void> {
    try {
      const text = await readFile(this.#file, 'utf8')
      if (text.length > MAX_FILE_BYTES) throw new Error('it is too large')
      const read = remembered.parse(JSON.parse(text))
      for (const { player, address } of read.slice(-MAX_REMEMBERED)) this.#reached.set(player, address)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      this.#log.warn(
        { err: error, file: this.#file },
        'the addresses of the last run cannot be read: they are left out',
      )
    }
  }

  entries(): Iterable<[PlayerId, string]> {
    return this.#reached
  }

  /** A player has been reached there. */
  add(player: PlayerId, address: string): void {
    this.#reached.delete(player)
    this.#reached.set(player, address)
    const [oldest] = this.#reached.keys()
    if (this.#reached.size > MAX_REMEMBERED && oldest !== undefined) this.#reached.delete(oldest)
    if (this.#dirty) return
    this.#dirty = true
    this.#writing = this.#writing
      .then(() => this.#write())
      .catch((error: unknown) => this.#log.warn({ err: error }, 'addresses could not be kept for the next run'))
  }

  /** Resolves when all is written. */
  async done(): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    this.#dirty = false
    const rows = [...this.#reached].map(([player, address]) => ({ player, address }))
    await replaceFile(this.#file, `${JSON.stringify(rows, null, 2)}\n`)
  }
}
