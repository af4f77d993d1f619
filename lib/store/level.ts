import type { AbstractLevel, AbstractSnapshot } from 'abstract-level'
import { MarmaladeError } from '../base/index.ts'

/** Any database with the `level` API whose keys and values are bytes (encoding `view`). */
export type Db = AbstractLevel<string | Buffer | Uint8Array, Uint8Array, Uint8Array>
export type Snapshot = AbstractSnapshot | undefined
export type Write =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }

/** `synced` writes are on disk when they resolve; `quick` ones survive the process but not the machine. */
export type Durability = 'synced' | 'quick'
const SYNCED = { keyEncoding: 'view', valueEncoding: 'view', sync: true } as const
const QUICK = { keyEncoding: 'view', valueEncoding: 'view', sync: false } as const

/** Writes all or nothing. @throws MarmaladeError STORE_WRITE */
export async function write(db: Db, writes: readonly Write[], durability: Durability): Promise<void> {
  try {
    await db.batch<Uint8Array, Uint8Array>([...writes], durability === 'synced' ? SYNCED : QUICK)
  } catch (cause) {
    const message = 'the database did not take what was written: see that the disk has room and no errors'
    throw new MarmaladeError('STORE_WRITE', message, { cause })
  }
}

/** Reads what holds while `read` runs, unmoved by writes, where the database has snapshots. */
export async function withSnapshot<T>(db: Db, read: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  const snapshot = takeSnapshot(db)
  try {
    return await read(snapshot)
  } finally {
    await snapshot?.close()
  }
}
export const takeSnapshot = (db: Db): Snapshot => (db.supports.explicitSnapshots ? db.snapshot() : undefined)
