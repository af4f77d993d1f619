import { statSync } from 'node:fs'
import { MarmaladeError, concat, fromUtf8, utf8 } from '../base/index.ts'
import { HEAD, META, rangeOf } from './layout.ts'
import { write } from './level.ts'
import type { Db, Write } from './level.ts'

/** Row that says in which folder the database was made. */
const ORIGIN_KEY = concat([Uint8Array.of(META), utf8('origin')])
/** Stands there while nobody has confirmed that the own feed is whole. */
const UNCONFIRMED = 'unconfirmed'
export const UNCONFIRMED_ROW: Write = { type: 'put', key: ORIGIN_KEY, value: utf8(UNCONFIRMED) }

/** What is known of where a database lies. */
export interface Origin {
  readonly folder: string
  /** Whether the secret was made together with the database, or was there before it. */
  readonly secret: 'new' | 'known'
}

/**
 * Whether the own feed may be older than what others have of it: the database was put back from a backup or copied
 * (it lies in another folder than the one it was made in), or a secret that is not new meets an empty one. A folder is
 * told by its time of birth, which a copy does not keep and `mv` on one file system does. The device is not looked at:
 * its number may change with each start of the system.
 */
export class Restored {
  readonly #db: Db
  readonly #here: string | undefined
  #pending: boolean

  private constructor(db: Db, here: string | undefined, pending: boolean) {
    this.#db = db
    this.#here = here
    this.#pending = pending
  }

  /** @param origin none for a database that is in no folder of its own: it is never taken for restored */
  static async open(db: Db, origin: Origin | undefined): Promise<Restored> {
    if (!origin) return new Restored(db, undefined, false)
    const here = markOf(origin.folder)
    const row = await db.get(ORIGIN_KEY)
    if (row) return new Restored(db, here, !isSame(fromUtf8(row), here))
    const pending = origin.secret === 'known' && !(await holdsFeeds(db))
    const made = pending ? UNCONFIRMED : here
    await write(db, [{ type: 'put', key: ORIGIN_KEY, value: utf8(made) }], 'synced')
    return new Restored(db, here, pending)
  }

  get pending(): boolean {
    return this.#pending
  }

  /** Others may have newer entries of the own feed, whatever was known before. */
  async doubt(): Promise<void> {
    if (this.#here === undefined) return
    await write(this.#db, [UNCONFIRMED_ROW], 'synced')
    this.#pending = true
  }

  /** The own feed is whole, or its owner says so: from now on it is written to. */
  async settle(): Promise<void> {
    if (!this.#pending || this.#here === undefined) return
    await write(this.#db, [{ type: 'put', key: ORIGIN_KEY, value: utf8(this.#here) }], 'synced')
    this.#pending = false
  }

  /** @throws MarmaladeError FEED_RESTORED */
  assertMayPublish(): void {
    if (!this.#pending) return
    const message =
      'this home looks restored or copied, so others may have newer entries of your feed: stay connected until a peer has answered, or `feed resume --insist`'
    throw new MarmaladeError('FEED_RESTORED', message)
  }
}

function markOf(folder: string): string {
  const { ino, birthtimeNs, ctimeNs } = statSync(folder, { bigint: true })
  // Where the system tells no birth, the time of the last change stands in its place.
  return `${ino} ${birthtimeNs === ctimeNs ? 0n : birthtimeNs}`
}

/** By the time of birth, or by the inode where the file system keeps none: freed inodes are soon used again. */
function isSame(made: string, here: string): boolean {
  const [inode, birth] = made.split(' ')
  const [inodeHere, birthHere] = here.split(' ')
  return birth !== '0' && birthHere !== '0' ? birth === birthHere : inode === inodeHere
}

/** A database of before this row was written is trusted. */
async function holdsFeeds(db: Db): Promise<boolean> {
  const heads = await db.keys({ ...rangeOf(HEAD), limit: 1 }).all()
  return heads.length > 0
}
