import { createHash } from 'node:crypto'
import { watch, type FSWatcher } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Millis } from '../../lib/base/index.ts'
import { isIgnored } from '../../lib/generators/archive/path.ts'
import { readFolder } from '../../lib/generators/node/folder.ts'

/** A save is over once nothing has happened for so long: editors write a file in several steps. */
const QUIET_MILLIS: Millis = 60
/** A file that is gone before it was read: so often it is looked again. */
const ATTEMPTS = 4

/** Hashes of a folder's files by path. */
export type Contents = ReadonlyMap<string, string>

/** A generator's folder, while somebody works in it. */
export class Folder {
  readonly root: string
  readonly #watchers = new Map<string, FSWatcher>()
  #touched = false
  #timer: NodeJS.Timeout | undefined
  #wake: () => void = () => undefined

  constructor(root: string) {
    this.root = root
  }

  /** What is in it now; from here on changes of it are noticed. @throws as `readFolder` does */
  async read(): Promise<Contents> {
    for (let attempt = 1; ; attempt++) {
      try {
        // Before it is read: what comes while it is read is noticed.
        this.#watch(new Set(await foldersIn(this.root)))
        const files = await readFolder(this.root)
        return new Map(files.map(({ path, bytes }) => [path, createHash('sha256').update(bytes).digest('hex')]))
      } catch (error) {
        if (attempt === ATTEMPTS || !isGone(error)) throw error
      }
    }
  }

  /** Resolves when something happened in it since the last call, and nothing for a moment; or when the signal is given. */
  async changed(signal: AbortSignal): Promise<void> {
    while (!this.#touched && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    this.#touched = false
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  /** Watches these folders and no others: what is no part of the generator may change as it likes. */
  #watch(folders: ReadonlySet<string>): void {
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue
      watcher.close()
      this.#watchers.delete(folder)
    }
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue
      const watcher = watch(join(this.root, folder), () => this.#touch())
      // It is gone: what it was in says so too.
      watcher.on('error', () => undefined)
      this.#watchers.set(folder, watcher)
    }
  }

  #touch(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#touched = true
      this.#wake()
    }, QUIET_MILLIS)
  }
}

/** Whether files are others than they were, what a build makes left out where it is asked for. */
export function differs(before: Contents, now: Contents, made: (path: string) => boolean = () => false): boolean {
  const counts = (path: string, hash: string | undefined, other: Contents): boolean =>
    !made(path) && other.get(path) !== hash
  return (
    [...before].some(([path, hash]) => counts(path, hash, now)) ||
    [...now].some(([path, hash]) => counts(path, hash, before))
  )
}

/** Every folder that a generator may have files in, `''` the root. */
async function foldersIn(root: string, folder = ''): Promise<string[]> {
  const found = [folder]
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory() && !isIgnored(path)) found.push(...(await foldersIn(root, path)))
  }
  return found
}

const isGone = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'
