import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, open, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { MarmaladeError, blobIdOf } from '../base/index.ts'
import type { BlobId, Millis } from '../base/index.ts'
import { BlobFiles, fileAt, isMissing, removeLinks } from './files.ts'
import type { BlobFile } from './files.ts'
import { KnownBlobs } from './known.ts'
import { PartialBlob } from './partial.ts'
import { Partials } from './partials.ts'
import { READ_BYTES, readBlob } from './reading.ts'
import type { BlobRange } from './reading.ts'

/** The most bytes of one blob where nothing else is asked for. */
export const MAX_STORED_BYTES = 1_073_741_824

export interface BlobInfo {
  readonly id: BlobId
  /** Bytes. */
  readonly size: number
}

export interface BlobStoreInit {
  /** The folder `blobs` of a home. */
  readonly folder: string
  /** Milliseconds since 1970: unfinished transfers older than a week are removed. */
  readonly now: () => Millis
  /** The most bytes of one blob, and of all cut transfers together: 1 GiB where left out. */
  readonly maxBytes?: number
  /** A folder whose files may be hard links to blobs: they go with these, since they would keep the bytes on disk. */
  readonly links?: string
}

/** Blobs on disk, named by their SHA-256. What has a name there is whole and is what its name says. */
export class BlobStore {
  readonly maxBytes: number
  readonly #files: BlobFiles
  readonly #known: KnownBlobs
  readonly #partials: Partials
  readonly #now: () => Millis
  readonly #links: string | undefined
  /** Being removed: they count as not here. */
  readonly #going = new Map<BlobId, Promise<void>>()
  /** About to get their names: none of them is idle. */
  readonly #coming = new Set<BlobId>()
  /** Looked at, to be removed where nobody asks for them meanwhile. */
  readonly #idle = new Set<BlobId>()
  readonly #listeners = new Set<(blob: BlobInfo) => void>()
  readonly #removals = new Set<(blob: BlobInfo) => void>()

  private constructor(files: BlobFiles, partials: Partials, { now, links, maxBytes }: BlobStoreInit) {
    this.#files = files
    this.#known = new KnownBlobs(files)
    this.#partials = partials
    this.#links = links
    this.maxBytes = maxBytes ?? MAX_STORED_BYTES
    this.#now = now
  }

  /** Makes the folders and removes what an earlier run left half written. @throws BLOB_WRITE */
  static async open(init: BlobStoreInit): Promise<BlobStore> {
    const files = new BlobFiles(init.folder)
    const partials = new Partials({ files, maxBytes: init.maxBytes ?? MAX_STORED_BYTES, now: init.now })
    try {
      await rm(files.temporary, { recursive: true, force: true })
      for (const path of [files.root, files.temporary, files.partial, files.kept])
        await mkdir(path, { recursive: true, mode: 0o700 })
      await partials.prune()
    } catch (cause) {
      throw new MarmaladeError('BLOB_WRITE', 'the folder of blobs cannot be used: see that the home is yours', {
        cause,
      })
    }
    return new BlobStore(files, partials, init)
  }

  /**
   * Stores bytes as they come, hashed while written; nothing has a name before all of it is on disk.
   * @param expected what they have to be
   * @throws BLOB_TOO_LARGE, BLOB_HASH_MISMATCH, BLOB_WRITE, and what the source throws
   */
  async add(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    { expected, maxBytes = this.maxBytes }: { readonly expected?: BlobId; readonly maxBytes?: number } = {},
  ): Promise<BlobInfo> {
    const temporary = await PartialBlob.open(join(this.#files.temporary, randomBytes(16).toString('hex')))
    try {
      for await (const bytes of source) {
        if (temporary.size + bytes.length > maxBytes) throw tooLarge(maxBytes)
        await temporary.write(bytes)
      }
    } catch (error) {
      await temporary.discard()
      throw error
    }
    return this.#keep(temporary, expected)
  }

  /** Stores a copy of a file. @throws BLOB_FILE, what `add` throws, and what the file cannot be opened with */
  async addFile(path: string): Promise<BlobInfo> {
    const file = await open(path, 'r')
    try {
      if (!(await file.stat()).isFile()) throw new MarmaladeError('BLOB_FILE', `${path} is no plain file`)
      return await this.add(file.createReadStream({ highWaterMark: READ_BYTES, autoClose: false }))
    } finally {
      await file.close()
    }
  }

  async has(id: BlobId): Promise<boolean> {
    return (await this.size(id)) !== undefined
  }

  /** Bytes of a blob, undefined where it is not here: that is known without a look at the disk, but for the first few times. */
  async size(id: BlobId): Promise<number | undefined> {
    if (!(await this.#known.mayHave(id))) return undefined
    const found = await fileAt(this.#files.pathOf(id))
    return this.#going.has(id) ? undefined : found?.size
  }

  /** The file of a blob, whether it is here or not. Nobody may write to it. @throws ID_INVALID */
  path(id: BlobId): string {
    return this.#files.pathOf(id)
  }

  /** Bytes in pieces of 64 KiB. @throws BLOB_UNKNOWN, ID_INVALID; USAGE for a range that no blob has */
  read(id: BlobId, range: BlobRange = {}): AsyncIterable<Uint8Array> {
    return readBlob(this.#files, id, range)
  }

  /** Hashes a blob anew. @throws BLOB_CORRUPT with its id where the bytes have changed; BLOB_UNKNOWN */
  async verify(id: BlobId): Promise<void> {
    const hash = createHash('sha256')
    for await (const bytes of this.read(id)) hash.update(bytes)
    const found = blobIdOf(hash.digest())
    if (found === id) return
    throw new MarmaladeError('BLOB_CORRUPT', `${id} is damaged on disk (${found}): remove its file and fetch it again`)
  }

  /** Every blob, in the order of the hashes. */
  list(): AsyncIterable<BlobFile> {
    return this.#files.list()
  }

  /** Removes a blob, kept by hand or not, and what is linked to it; nothing happens where it is not here. */
  async remove(id: BlobId): Promise<void> {
    // First what says that it stays: cut between the two, the blob is there and may go.
    await this.unkeep(id)
    await (this.#going.get(id) ?? this.#take(id))
  }

  /**
   * Removes a blob that was not used since, and that nobody keeps by hand; says whether it did.
   * @param mayGo asked last: from its yes on the blob counts as gone
   */
  async removeIdle({ id, usedAt }: BlobFile, mayGo: () => boolean = () => true): Promise<boolean> {
    this.#idle.add(id)
    try {
      const found = await fileAt(this.#files.pathOf(id))
      if (!found || found.usedAt !== usedAt || (await this.isKept(id))) return false
      if (!this.#idle.has(id) || this.#coming.has(id) || this.#going.has(id) || !mayGo()) return false
      await this.#take(id)
      return true
    } finally {
      this.#idle.delete(id)
    }
  }

  /** Says that a blob is being used: those used longest ago are collected first. False where it is not here. */
  async touch(id: BlobId): Promise<boolean> {
    if (this.#going.has(id)) return false
    this.#idle.delete(id)
    const now = this.#now() / 1000
    try {
      await utimes(this.#files.pathOf(id), now, now)
      return true
    } catch (cause) {
      if (!isMissing(cause)) throw cause
      return false
    }
  }

  /** Keeps a blob from being collected, here or not, until `unkeep`. @throws BLOB_WRITE */
  async keep(id: BlobId): Promise<void> {
    const file = await open(this.#files.keptOf(id), 'w', 0o600).catch((cause: unknown) => {
      throw new MarmaladeError('BLOB_WRITE', `${id} could not be kept: see that the disk has room`, { cause })
    })
    await file.close()
  }

  async unkeep(id: BlobId): Promise<void> {
    await rm(this.#files.keptOf(id), { force: true })
  }

  async isKept(id: BlobId): Promise<boolean> {
    return (await fileAt(this.#files.keptOf(id))) !== undefined
  }

  /** A new folder for a short while: gone at the next opening at the latest. */
  async scratch(): Promise<string> {
    return mkdtemp(join(this.#files.temporary, 'scratch-'))
  }

  /** Removes what came of transfers that nobody went on with for a week; gives how many. */
  pruneStale(): Promise<number> {
    return this.#partials.prune()
  }

  /**
   * What came of an earlier, cut transfer of a blob, to go on with: of several, one part. One at a time for each blob. Closed,
   * it is one of 64 at most that are kept, those written last, of `maxBytes` together.
   * @param part digits and lower-case letters
   * @throws BLOB_WRITE, ID_INVALID
   */
  async partial(id: BlobId, part: string): Promise<PartialBlob> {
    return this.#partials.open(id, part)
  }

  /** Removes such a part. */
  async dropPartial(id: BlobId, part: string): Promise<void> {
    await this.#partials.drop(id, part)
  }

  /** Makes a whole transfer a blob. @throws BLOB_HASH_MISMATCH, BLOB_WRITE */
  async keepPartial(partial: PartialBlob, expected: BlobId): Promise<BlobInfo> {
    return this.#keep(partial, expected)
  }

  /** Calls back for every blob stored from now on; gives a function that stops it. */
  onAdd(listener: (blob: BlobInfo) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The same for every blob removed. */
  onRemove(listener: (blob: BlobInfo) => void): () => void {
    this.#removals.add(listener)
    return () => this.#removals.delete(listener)
  }

  async #keep(written: PartialBlob, expected: BlobId | undefined): Promise<BlobInfo> {
    const { size } = written
    let coming: BlobId | undefined
    const pathOf = async (found: BlobId): Promise<string> => {
      // Its name is being taken away: what comes gets it after that.
      while (this.#going.has(found)) await this.#going.get(found)
      this.#coming.add((coming = found))
      return this.#files.pathOf(found)
    }
    const id = await written.finish(pathOf, expected).finally(() => {
      if (coming === undefined) return
      this.#coming.delete(coming)
      // Also where only the last sync has failed: its file has its name.
      this.#known.add(coming)
    })
    const blob = { id, size }
    for (const listener of this.#listeners) listener(blob)
    return blob
  }

  /** Removes a file that counts as gone from now on. */
  #take(id: BlobId): Promise<void> {
    const work = async (): Promise<void> => {
      const path = this.#files.pathOf(id)
      const found = await fileAt(path)
      if (!found) return
      // First the links: cut between the two, the blob is there and may go.
      if (this.#links !== undefined) await removeLinks(this.#links, path)
      await rm(path, { force: true })
      this.#known.delete(id)
      for (const listener of this.#removals) listener({ id, size: found.size })
    }
    const taking = work().finally(() => this.#going.delete(id))
    this.#going.set(
      id,
      taking.catch(() => undefined),
    )
    return taking
  }
}

const tooLarge = (maxBytes: number): MarmaladeError =>
  new MarmaladeError('BLOB_TOO_LARGE', `the blob has more than ${maxBytes} bytes, which is the most taken here`)
