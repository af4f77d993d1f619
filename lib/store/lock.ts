import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { ClassicLevel } from 'classic-level'
import { MarmaladeError } from '../base/index.ts'
import type { Home } from './home.ts'
import type { Db } from './level.ts'
import type { Origin } from './restored.ts'
import { openStore } from './store.ts'
import type { StoreParts } from './store.ts'
import type { Store } from './types.ts'

/**
 * By measurement (docs/store.md): four times LevelDB's own buffer takes two fifths off the time of writing a row, since
 * tables are merged less often; it costs up to twice as much memory. Larger tables make fewer files of a large database.
 */
const LEVEL_OPTIONS = { writeBufferSize: 16 * 1_048_576, maxFileSize: 8 * 1_048_576, cacheSize: 8 * 1_048_576 }

/** A database in a folder, by LevelDB. It is opened by `openStore`. */
export const levelAt = (folder: string): Db =>
  new ClassicLevel<Uint8Array, Uint8Array>(folder, { keyEncoding: 'view', valueEncoding: 'view', ...LEVEL_OPTIONS })

/**
 * Opens the store of a home for this process alone. LevelDB's own lock, which ends with its process, is the guard; the
 * file `lock` only tells others whose it is.
 * @throws MarmaladeError HOME_LOCKED naming the process; STORE_FORMAT
 */
export async function openHomeStore(
  home: Pick<Home, 'db' | 'lock' | 'path'>,
  parts: Omit<StoreParts, 'db' | 'afterClose' | 'origin'> & { readonly secret?: Origin['secret'] },
): Promise<Store> {
  const afterClose = (): void => rmSync(home.lock, { force: true })
  try {
    const origin = { folder: home.db, secret: parts.secret ?? 'new' }
    const store = await openStore({ ...parts, db: levelAt(home.db), origin, afterClose })
    writeFileSync(home.lock, `${process.pid}\n`, { mode: 0o600 })
    return store
  } catch (error) {
    if (isLocked(error)) throw lockedError(home, error)
    throw error
  }
}

/** The process that has this home open, as far as its lock file tells; undefined where that process has ended. */
export function homeOwner(home: Pick<Home, 'lock'>): number | undefined {
  let text: string
  try {
    text = readFileSync(home.lock, 'utf8').slice(0, 32)
  } catch {
    return undefined
  }
  const pid = /^[1-9][0-9]{0,9}\n$/.test(text) ? Number(text) : undefined
  return pid !== undefined && isRunning(pid) ? pid : undefined
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** abstract-level wraps what LevelDB says: LEVEL_DATABASE_NOT_OPEN, caused by LEVEL_LOCKED. */
function isLocked(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && error.code === 'LEVEL_LOCKED') || isLocked(error.cause)
}

function lockedError(home: Pick<Home, 'lock' | 'path'>, cause: unknown): MarmaladeError {
  const owner = homeOwner(home)
  const who = owner === undefined ? 'another process' : `process ${owner}`
  return new MarmaladeError('HOME_LOCKED', `${who} has ${home.path} open: end it, or give another --home`, { cause })
}
