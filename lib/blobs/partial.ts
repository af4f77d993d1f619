import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { MarmaladeError, blobIdOf } from '../base/index.ts'
import type { BlobId } from '../base/index.ts'
import { syncFolder } from '../base/node/sync-folder.ts'

const READ_BYTES = 1_048_576

interface Opened {
  readonly path: string
  readonly hash: Hash
  readonly size: number
  readonly onClosed: () => Promise<void>
}

/** A file that is hashed while it is written and becomes a blob once it is whole. One call at a time. */
export class PartialBlob {
  readonly #file: FileHandle
  readonly #path: string
  readonly #hash: Hash
  readonly #onClosed: () => Promise<void>
  #size: number

  private constructor(file: FileHandle, { path, hash, size, onClosed }: Opened) {
    this.#file = file
    this.#path = path
    this.#hash = hash
    this.#onClosed = onClosed
    this.#size = size
  }

  /**
   * Opens a file to go on with, empty where there is none: what it has is hashed first.
   * @param onClosed called once nobody writes to it any more, whatever became of it
   * @throws BLOB_WRITE
   */
  static async open(path: string, onClosed = async (): Promise<void> => undefined): Promise<PartialBlob> {
    let file: FileHandle | undefined
    try {
      file = await open(path, 'a+', 0o600)
      const hash = createHash('sha256')
      let size = 0
      const buffer = new Uint8Array(READ_BYTES)
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, READ_BYTES, size)
        if (bytesRead === 0) return new PartialBlob(file, { path, hash, size, onClosed })
        hash.update(buffer.subarray(0, bytesRead))
        size += bytesRead
      }
    } catch (cause) {
      await file?.close()
      throw writeError(cause)
    }
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#size
  }

  /** Appends pieces, hashed while the disk takes them. @throws BLOB_WRITE */
  async write(...pieces: readonly Uint8Array[]): Promise<void> {
    const written = this.#append(pieces)
    for (const bytes of pieces) {
      this.#hash.update(bytes)
      this.#size += bytes.length
    }
    await written
  }

  async #append(pieces: readonly Uint8Array[]): Promise<void> {
    const length = pieces.reduce((sum, bytes) => sum + bytes.length, 0)
    try {
      const { bytesWritten } = await this.#file.writev(pieces)
      // A disk that is nearly full takes a part: the rest fails, or fits.
      if (bytesWritten < length) await this.#file.appendFile(Buffer.concat(pieces).subarray(bytesWritten))
    } catch (cause) {
      throw writeError(cause)
    }
  }

  /**
   * Makes it a blob: synced, then renamed, so that a whole name always has whole bytes. Closes it either way.
   * @param expected what it has to be; anything else is removed
   * @throws BLOB_HASH_MISMATCH, BLOB_WRITE
   */
  async finish(pathOf: (id: BlobId) => Promise<string>, expected?: BlobId): Promise<BlobId> {
    const id = blobIdOf(this.#hash.digest())
    if (expected !== undefined && id !== expected) {
      await this.discard()
      throw new MarmaladeError('BLOB_HASH_MISMATCH', `the bytes given for ${expected} are ${id}: take them elsewhere`)
    }
    try {
      try {
        await this.#file.sync()
      } finally {
        await this.#file.close()
      }
      const path = await pathOf(id)
      const made = await mkdir(dirname(path), { recursive: true })
      await rename(this.#path, path)
      await syncFolder(dirname(path))
      if (made) await syncFolder(dirname(dirname(path)))
    } catch (cause) {
      throw writeError(cause)
    } finally {
      await this.#onClosed()
    }
    return id
  }

  /** Closes it and keeps the file to go on with. */
  async close(): Promise<void> {
    try {
      await this.#file.close()
    } finally {
      await this.#onClosed()
    }
  }

  /** Closes and removes it. */
  async discard(): Promise<void> {
    try {
      await this.#file.close()
      await rm(this.#path, { force: true })
    } finally {
      await this.#onClosed()
    }
  }
}

const writeError = (cause: unknown): MarmaladeError =>
  new MarmaladeError('BLOB_WRITE', 'a blob could not be written: see that the disk has room and the home is yours', {
    cause,
  })
