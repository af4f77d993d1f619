import { open, type FileHandle } from 'node:fs/promises'
import { MarmaladeError, ownedParts } from '../base/index.ts'
import type { SessionInit } from './types.ts'

/** The format of a take; a later one gets another number. */
const TAKE_VERSION = 1
/** How often what was logged is synced to disk. */
const SYNC_MILLIS = 1_000
/** Lines that wait for the disk; past it the take says how many it lacks. */
const MAX_WAITING = 65_536

/**
 * A take: one player's log of what took effect for it, one JSON object a line, synced every second. The first line says
 * what it is of; frames are the jam's.
 */
export class TakeFile {
  readonly #handle: FileHandle
  readonly #timer: NodeJS.Timeout
  #waiting: string[] = []
  #missing = 0
  #writing: Promise<void> = Promise.resolve()
  #failure: unknown

  private constructor(handle: FileHandle) {
    this.#handle = handle
    this.#timer = setInterval(() => this.#flush(), SYNC_MILLIS)
    this.#timer.unref()
  }

  /** @throws TAKE_UNWRITABLE where the file exists or cannot be made */
  static async create({ takeFile, jam, player, origin, sink, appVersion }: SessionInit): Promise<TakeFile> {
    try {
      const take = new TakeFile(await open(takeFile, 'ax', 0o600))
      const { owner, name } = ownedParts(jam)
      take.write({ kind: 'take', version: TAKE_VERSION, jam, starter: owner, name, player, origin, sink, appVersion })
      return take
    } catch (cause) {
      throw new MarmaladeError(
        'TAKE_UNWRITABLE',
        `the take ${takeFile} cannot be written: see that its folder has room`,
        { cause },
      )
    }
  }

  write(record: Readonly<Record<string, unknown>>): void {
    if (this.#waiting.length >= MAX_WAITING) this.#missing++
    else this.#waiting.push(JSON.stringify(record))
  }

  /** Writes the last record, syncs and closes. @throws TAKE_UNWRITABLE where anything of it did not reach the disk */
  async close(last: Readonly<Record<string, unknown>>): Promise<void> {
    clearInterval(this.#timer)
    this.write(last)
    this.#flush()
    await this.#writing
    await this.#handle.close()
    if (this.#failure !== undefined) {
      throw new MarmaladeError('TAKE_UNWRITABLE', 'the take is not whole: the disk did not take it', {
        cause: this.#failure,
      })
    }
  }

  #flush(): void {
    if (this.#waiting.length === 0) return
    const lines = this.#waiting.splice(0)
    if (this.#missing > 0) lines.push(JSON.stringify({ kind: 'missing', lines: this.#missing }))
    this.#missing = 0
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#handle.write(`${lines.join('\n')}\n`)
        await this.#handle.datasync()
      } catch (error) {
        this.#failure ??= error
      }
    })
  }
}
