import { randomBytes } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { MarmaladeError } from '../base/index.ts'
import { END_BYTES, headerOf, padded } from './layout.ts'

/** Bytes gathered before they are written. */
const GATHER_BYTES = 262_144

/** A bundle being written: under a temporary name beside its own until it is whole and on disk. */
export class BundleFile {
  readonly #path: string
  readonly #temporary: string
  readonly #file: FileHandle
  #gathered: Uint8Array[] = []
  #waiting = 0
  #size = 0

  private constructor(path: string, temporary: string, file: FileHandle) {
    this.#path = path
    this.#temporary = temporary
    this.#file = file
  }

  /** @throws MarmaladeError BUNDLE_EXISTS, BUNDLE_WRITE */
  static async create(path: string, existing: 'keep' | 'replace'): Promise<BundleFile> {
    if (existing === 'keep') await assertAbsent(path)
    const temporary = `${path}.${randomBytes(6).toString('hex')}.part`
    try {
      return new BundleFile(path, temporary, await open(temporary, 'wx'))
    } catch (cause) {
      throw writeError(path, cause)
    }
  }

  /** Bytes of the file so far. */
  get size(): number {
    return this.#size
  }

  /** Begins something of that many bytes, which are to follow. @throws MarmaladeError BUNDLE_TOO_LARGE, BUNDLE_WRITE */
  async begin(path: string, size: number): Promise<void> {
    await this.write(headerOf(path, size))
  }

  /** The bytes must not change afterwards. @throws MarmaladeError BUNDLE_WRITE */
  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return
    this.#gathered.push(bytes)
    this.#waiting += bytes.length
    this.#size += bytes.length
    if (this.#waiting >= GATHER_BYTES) await this.#flush()
  }

  /** Fills the last record of what was begun. */
  async fill(): Promise<void> {
    await this.write(new Uint8Array(padded(this.#size) - this.#size))
  }

  /** Ends the file, syncs it and gives it its name. @throws MarmaladeError BUNDLE_WRITE */
  async finish(): Promise<void> {
    await this.write(new Uint8Array(END_BYTES))
    await this.#flush()
    try {
      await this.#file.sync()
      await this.#file.close()
      await rename(this.#temporary, this.#path)
    } catch (cause) {
      throw writeError(this.#path, cause)
    }
  }

  /** Removes what was written. Closing twice does nothing. */
  async discard(): Promise<void> {
    await this.#file.close()
    await rm(this.#temporary, { force: true })
  }

  async #flush(): Promise<void> {
    const parts = this.#gathered
    this.#gathered = []
    this.#waiting = 0
    try {
      for (const part of joined(parts)) await this.#file.appendFile(part)
    } catch (cause) {
      throw writeError(this.#path, cause)
    }
  }
}

/** Many small ones are one write; a large one is not copied. */
const joined = (parts: Uint8Array[]): Uint8Array[] => (parts.length > 1 ? [Buffer.concat(parts)] : parts)

async function assertAbsent(path: string): Promise<void> {
  try {
    await stat(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return
    throw writeError(path, cause)
  }
  throw new MarmaladeError('BUNDLE_EXISTS', `${path} is there already: give another name, or --force to write over it`)
}

const writeError = (path: string, cause: unknown): MarmaladeError =>
  new MarmaladeError('BUNDLE_WRITE', `${path} cannot be written: see that its folder is there, is yours and has room`, {
    cause,
  })
