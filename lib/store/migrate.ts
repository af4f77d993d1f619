import { MarmaladeError, concat, fromUtf8, utf8 } from '../base/index.ts'
import type { Crypto, PlayerId } from '../base/index.ts'
import { V1_END, V1_HEAD, copyFeed, countIn, leftError } from './format-1.ts'
import type { LeftAside } from './format-1.ts'
import { FORMAT, FORMAT_KEY, META, NUMBER, rangeOf } from './layout.ts'
import { flush, write } from './level.ts'
import type { Db, Write } from './level.ts'
import { UNCONFIRMED_ROW } from './restored.ts'

/** Of the old format, while a copy of all is made; then the new one is read and what is left of the old is deleted. */
const LEFT_KEY = concat([Uint8Array.of(META), utf8('left')])

export interface MigrateParts {
  readonly db: Db
  readonly crypto: Crypto
  /** Whose feed is written here. */
  readonly own: PlayerId
  /** Called now and then with how many entries are copied, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  /** Called for each feed of which something could not be copied, with STORE_CORRUPT; what is whole is here. */
  readonly onFault: (error: unknown) => void
}

/**
 * Makes a database one of this format: an empty one, or one of format 1, whose feeds and losing chains are copied. What
 * was there is deleted when the copy is whole and synced: a copy that was interrupted begins anew. What cannot be copied,
 * since an entry is damaged, is kept aside; where that is of the own feed, nothing is published on it until a peer has
 * answered, since others may have more of it.
 * @throws MarmaladeError STORE_FORMAT for any other format
 */
export async function prepare(parts: MigrateParts): Promise<void> {
  const { db, own, onFault } = parts
  const [found, left] = await db.getMany([FORMAT_KEY, LEFT_KEY])
  const format = found && fromUtf8(found)
  if (format === String(FORMAT) && !left) return
  if (format !== undefined && format !== '1' && format !== String(FORMAT))
    throw new MarmaladeError(
      'STORE_FORMAT',
      `this version reads databases of formats 1 and ${FORMAT}: update marmalade`,
    )
  const done: Write = { type: 'put', key: FORMAT_KEY, value: utf8(String(FORMAT)) }
  if (format === '1') {
    await db.clear({ gte: Uint8Array.of(NUMBER) })
    const aside = await copyFeeds(parts)
    const writes: Write[] = [done, { type: 'put', key: LEFT_KEY, value: new Uint8Array(0) }]
    if (aside.some(({ identity }) => identity === own)) writes.push(UNCONFIRMED_ROW)
    // The log that the copy lies in may be lost while that of this step is not.
    await flush(db)
    await write(db, writes, 'synced')
    for (const each of aside) onFault(leftError(each))
  }
  if (format === undefined) return write(db, [done], 'synced')
  await db.clear({ gte: Uint8Array.of(V1_HEAD), lt: Uint8Array.of(V1_END) })
  await write(db, [{ type: 'del', key: LEFT_KEY }], 'synced')
}

async function copyFeeds({ db, crypto, onProgress }: MigrateParts): Promise<LeftAside[]> {
  const rows = rangeOf(V1_HEAD)
  let total = 0
  for await (const value of db.values(rows)) total += countIn(value)
  let feed = 0
  let copied = 0
  const tell = (count: number): void => onProgress?.((copied += count), Math.max(copied, total))
  const aside: LeftAside[] = []
  for await (const [key, value] of db.iterator(rows)) {
    const left = await copyFeed({ db, crypto, tell }, key.subarray(1), value, feed++)
    if (left) aside.push(left)
  }
  return aside
}
