import { randomBytes } from 'node:crypto'
import { hex } from '../base/index.ts'
import { CLEAN_KEY } from './layout.ts'
import { write } from './level.ts'
import type { Db, Write } from './level.ts'

const EPOCH_BYTES = 8

/**
 * The stretch of a store's life in which its numbers of changes can be relied upon: a new one begins where the store
 * was not closed as it should be, since what was told of then may be lost.
 *
 * A row holds the epoch while nobody has the store open. Its removal is synced with the first thing that is written, so
 * that who only reads writes nothing.
 */
export class Epoch {
  /** 16 hex digits. */
  readonly id: string
  readonly #value: Uint8Array
  /** The epoch of the next run, where that is not to be this one. */
  #next: Uint8Array | undefined
  /** Whether the row is there. */
  #clean: boolean

  private constructor(value: Uint8Array, clean: boolean) {
    this.#value = value
    this.#clean = clean
    this.id = hex(value)
  }

  static async open(db: Db): Promise<Epoch> {
    const value = await db.get(CLEAN_KEY)
    return value?.length === EPOCH_BYTES ? new Epoch(value, true) : new Epoch(new Uint8Array(randomBytes(8)), false)
  }

  /** What was told in this epoch holds no more: the next run begins another. */
  renew(): void {
    this.#next ??= new Uint8Array(randomBytes(EPOCH_BYTES))
  }

  /** What has to be synced before or with the first write; nothing after `begun`. */
  begin(): readonly Write[] {
    return this.#clean ? [{ type: 'del', key: CLEAN_KEY }] : []
  }

  /** What `begin` asked for is written. */
  begun(): void {
    this.#clean = false
  }

  /** Writes that the store is closed as it should be; everything before is on disk then. */
  async end(db: Db): Promise<void> {
    if (!this.#clean) await write(db, [{ type: 'put', key: CLEAN_KEY, value: this.#next ?? this.#value }], 'synced')
  }
}
