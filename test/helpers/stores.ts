import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../lib/base/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import { levelAt, openStore } from '../../lib/store/index.ts'
import type { Db, Store } from '../../lib/store/index.ts'

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'marmalade-test-'))
export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true })

/** A place where a store can be opened, closed and opened again. */
export interface StorePlace {
  open(identity: Identity, clock: Clock): Promise<Store>
  /** The rows themselves, while no store is open on them. */
  db(): Promise<Db>
  remove(): Promise<void>
}
export interface StoreKind {
  readonly name: string
  place(): StorePlace
}

const openAs = (db: Db, { id, signer }: Identity, clock: Clock): Promise<Store> =>
  openStore({ db, identity: id, signer, clock, crypto: nodeCrypto })

/** LevelDB in a folder of its own. */
export const inFolder: StoreKind = {
  name: 'classic-level',
  place() {
    const folder = temporaryFolder()
    return {
      open: (identity, clock) => openAs(levelAt(folder), identity, clock),
      async db() {
        const db = levelAt(folder)
        await db.open()
        return db
      },
      async remove() {
        removeFolder(folder)
      },
    }
  },
}

/** A part of a larger database: another implementation of the `level` API than classic-level itself. */
export const inSublevel: StoreKind = {
  name: 'sublevel',
  place() {
    const folder = temporaryFolder()
    const whole = levelAt(folder)
    const part = (): Db => whole.sublevel<Uint8Array, Uint8Array>('m', { keyEncoding: 'view', valueEncoding: 'view' })
    return {
      open: (identity, clock) => openAs(part(), identity, clock),
      async db() {
        const db = part()
        await db.open()
        return db
      },
      async remove() {
        await whole.close()
        removeFolder(folder)
      },
    }
  },
}

/** A store in a folder of its own, gone after the test. */
export async function temporaryStore(identity: Identity, clock: Clock): Promise<Store & { remove(): Promise<void> }> {
  const place = inFolder.place()
  const store = await place.open(identity, clock)
  return Object.assign(store, {
    async remove() {
      await store.close()
      await place.remove()
    },
  })
}
