import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { BlobId } from '../base/index.ts'
import { isMissing } from './files.ts'
import type { BlobStore } from './store.ts'

/** Files that are kept open between pieces, and for how long after the last one. */
const MAX_OPEN = 8
const IDLE_MS = 5_000
/** Whoever reads on where the last piece ended is read ahead for. */
const AHEAD_BYTES = 524_288

interface Reading {
  readonly file: Promise<FileHandle | undefined>
  /** What was read last, and from where. */
  block: Uint8Array
  from: number
  /** Where the last piece ended. */
  next: number
  users: number
  usedAt: number
}

/** Reads pieces of blobs that peers pull one after another, without opening the file for each. */
export class Pieces {
  readonly #store: Pick<BlobStore, 'path' | 'touch'>
  readonly #open = new Map<BlobId, Reading>()
  #timer: NodeJS.Timeout | undefined

  constructor(store: Pick<BlobStore, 'path' | 'touch'>) {
    this.#store = store
  }

  /** Whether its file is open. */
  reads(id: BlobId): boolean {
    return this.#open.has(id)
  }

  /** Bytes of a blob in one array, good until they are changed by nobody; undefined where it has gone or is shorter. */
  async read(id: BlobId, offset: number, length: number): Promise<Uint8Array | undefined> {
    const reading = this.#reading(id)
    reading.users++
    try {
      const file = await reading.file
      if (!file) return undefined
      return await piece(reading, file, offset, length)
    } finally {
      reading.users--
      reading.usedAt = performance.now()
      this.#trim()
    }
  }

  /** Closes every file once nobody reads it. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    const all = [...this.#open.keys()]
    await Promise.all(all.map((id) => this.#close(id)))
  }

  #reading(id: BlobId): Reading {
    const known = this.#open.get(id)
    const reading = known ?? {
      file: this.#openFile(id),
      block: new Uint8Array(0),
      from: 0,
      next: 0,
      users: 0,
      usedAt: 0,
    }
    this.#open.delete(id)
    this.#open.set(id, reading)
    return reading
  }

  async #openFile(id: BlobId): Promise<FileHandle | undefined> {
    const file = await openIfThere(this.#store.path(id))
    if (file) await this.#store.touch(id)
    return file
  }

  #trim(): void {
    for (const [id, { users, file }] of this.#open) {
      void file.then((opened) => !opened && this.#open.delete(id))
      if (this.#open.size > MAX_OPEN && users === 0) void this.#close(id)
    }
    if (this.#open.size > 0) this.#timer ??= setTimeout(() => this.#closeIdle(), IDLE_MS).unref()
  }

  #closeIdle(): void {
    this.#timer = undefined
    const before = performance.now() - IDLE_MS
    for (const [id, { users, usedAt }] of this.#open) if (users === 0 && usedAt <= before) void this.#close(id)
    if (this.#open.size > 0) this.#timer = setTimeout(() => this.#closeIdle(), IDLE_MS).unref()
  }

  async #close(id: BlobId): Promise<void> {
    const reading = this.#open.get(id)
    this.#open.delete(id)
    const file = await reading?.file.catch(() => undefined)
    await file?.close()
  }
}

async function piece(
  reading: Reading,
  file: FileHandle,
  offset: number,
  length: number,
): Promise<Uint8Array | undefined> {
  const ahead = offset === reading.next
  reading.next = offset + length
  const within = offset - reading.from
  if (within >= 0 && within + length <= reading.block.length) return reading.block.subarray(within, within + length)
  const bytes = Buffer.allocUnsafeSlow(ahead ? Math.max(AHEAD_BYTES, length) : length)
  let have = 0
  while (have < bytes.length) {
    const { bytesRead } = await file.read(bytes, have, bytes.length - have, offset + have)
    if (bytesRead === 0) break
    have += bytesRead
  }
  if (have < length) return undefined
  reading.block = bytes.subarray(0, have)
  reading.from = offset
  return bytes.subarray(0, length)
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw cause
  }
}
