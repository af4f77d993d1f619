import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blobIdOf, hasCode, MarmaladeError, type BlobId } from '../../lib/base/index.ts'
import { buildGenerator } from '../../lib/authoring/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { packGenerator } from '../../plugins/generators/index.ts'
import type { DevEvent } from './events.ts'
import { differs, type Contents, type Folder } from './folder.ts'

/** One version that can be played. */
interface Version {
  readonly archive: BlobId
  /** When the save was noticed that it is of: as `performance.now`. */
  readonly saved: number
}

interface Init {
  readonly folder: Folder
  readonly tell: (event: DevEvent) => void
  /** Plays a packed file, which is gone once this resolves. */
  readonly play: (file: string, version: Version) => Promise<void>
  readonly signal: AbortSignal
}

/** Builds and packs a folder as it is, and again after each save, until the signal is given; what was saved meanwhile gives a build up. */
export class Builds {
  readonly #init: Init
  #last: BlobId | undefined
  #good = false
  /** Given where it is to be built though nothing was saved. */
  #wake = new AbortController()

  constructor(init: Init) {
    this.#init = init
  }

  /** Whether the folder as it was last read gives a version that can be played. */
  get good(): boolean {
    return this.#good
  }

  /** Builds and plays it again though nothing was saved. */
  again(): void {
    this.#wake.abort()
  }

  /** @throws what the folder cannot be read with, at first; later that is told as any fault */
  async run(): Promise<void> {
    const { folder, signal } = this.#init
    let seen = await folder.read()
    for (let saved = performance.now(); !signal.aborted; saved = performance.now()) {
      const isDone = await this.#build(seen, saved)
      const now = await this.#now(seen)
      const isAsBefore = isDone && !differs(seen, now, madeIn(seen))
      seen = isAsBefore ? await this.#saved(now) : now
    }
  }

  /** What is in the folder; as before where it cannot be read: the build says why. */
  #now(before: Contents): Promise<Contents> {
    return this.#init.folder.read().catch(() => before)
  }

  /** Resolves with what is in the folder once that is something else, or once it is to be built again. */
  async #saved(seen: Contents): Promise<Contents> {
    const { folder, signal } = this.#init
    const woken = AbortSignal.any([signal, this.#wake.signal])
    for (;;) {
      await folder.changed(woken)
      const now = await this.#now(seen)
      if (woken.aborted || differs(seen, now)) return now
    }
  }

  /** Gives whether it was built or found at fault; not where a save gave it up. */
  async #build(seen: Contents, saved: number): Promise<boolean> {
    const { folder, tell, signal } = this.#init
    const isAgain = this.#wake.signal.aborted
    this.#wake = new AbortController()
    const stop = new AbortController()
    const building = AbortSignal.any([signal, stop.signal])
    tell({ event: 'building' })
    void this.#giveUp(seen, stop)
    try {
      const built = await buildGenerator(folder.root, { signal: building })
      this.#good = built.ok
      if (!built.ok) {
        for (const fault of built.faults) tell({ event: 'fault', ...fault })
        this.#keep()
        return true
      }
      tell({ event: 'built', millis: built.millis })
      for (const advice of built.advice) tell({ event: 'advice', ...advice })
      await this.#pack(saved, isAgain)
      return true
    } catch (error) {
      if (hasCode(error, 'CANCELLED')) return false
      this.#good = false
      tell({ event: 'refused', ...refusalOf(error) })
      this.#keep()
      return true
    } finally {
      stop.abort()
    }
  }

  /** Ends a build whose sources have been saved since it began. */
  async #giveUp(seen: Contents, stop: AbortController): Promise<void> {
    const { folder } = this.#init
    for (;;) {
      await folder.changed(stop.signal)
      if (stop.signal.aborted) return
      if (differs(seen, await this.#now(seen), madeIn(seen))) stop.abort()
    }
  }

  #keep(): void {
    if (this.#last !== undefined) this.#init.tell({ event: 'kept' })
  }

  async #pack(saved: number, isAgain: boolean): Promise<void> {
    const { archive: bytes } = await packGenerator(this.#init.folder.root)
    const archive = blobIdOf(nodeCrypto.sha256(bytes))
    this.#good = true
    if (archive === this.#last && !isAgain) return
    const place = await mkdtemp(join(tmpdir(), 'marmalade-dev-'))
    try {
      const file = join(place, 'version.tgz')
      await writeFile(file, bytes)
      await this.#init.play(file, { archive, saved })
      this.#last = archive
    } finally {
      await rm(place, { recursive: true, force: true })
    }
  }
}

/** What a build writes is none of its author's changes; a module without sources beside it is. */
const madeIn =
  (contents: Contents) =>
  (path: string): boolean =>
    /\.wasm(\.new)?$/.test(path) && [...contents.keys()].some((other) => other.startsWith('src/'))

export function refusalOf(error: unknown): { code: string; message: string } {
  const code = error instanceof MarmaladeError ? error.code : 'INTERNAL'
  return { code, message: error instanceof Error ? error.message : String(error) }
}
