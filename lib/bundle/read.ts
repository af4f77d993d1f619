import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { MarmaladeError, concat } from '../base/index.ts'
import type { BlobId } from '../base/index.ts'
import { MAX_ENTRY_BYTES, SIGNATURE_BYTES } from '../entry/index.ts'
import type { Head } from '../store/index.ts'
import {
  END_BYTES,
  LENGTH_BYTES,
  MANIFEST_PATH,
  RECORD,
  beginsAsBundle,
  blobPath,
  feedPath,
  itemsOf,
  padded,
  sizeIn,
} from './layout.ts'
import type { Stretch } from './layout.ts'
import { assertManifestSize, decodeManifest } from './manifest.ts'
import type { Manifest } from './types.ts'

const READ_BYTES = 262_144
/** Entries, and about as many bytes, of one run. */
const RUN_ENTRIES = 256
const RUN_BYTES = 1_048_576

/**
 * A bundle on disk. Opening it has read the manifest and seen that everything it names lies where it belongs, with
 * nothing else in the file; what the feeds and blobs hold is for `checkBundle` to say. Names in it are compared with
 * those expected and lead nowhere.
 */
export class Bundle {
  readonly manifest: Manifest
  /** Bytes of the whole file. */
  readonly size: number
  readonly #file: FileHandle
  readonly #items: ReadonlyMap<string, Stretch>

  constructor(file: FileHandle, size: number, manifest: Manifest, items: ReadonlyMap<string, Stretch>) {
    this.#file = file
    this.size = size
    this.manifest = manifest
    this.#items = items
  }

  /**
   * The raw entries of a feed in runs of at most 256, oldest first, each with a buffer of its own.
   * @throws MarmaladeError BUNDLE_FEED where the lengths between them do not add up; BUNDLE_TRUNCATED, BUNDLE_UNREADABLE
   */
  async *runs(head: Head): AsyncGenerator<Uint8Array[]> {
    let run: Uint8Array[] = []
    let bytes = 0
    for await (const entry of split(head, this.#read(feedPath(head.identity)))) {
      run.push(entry)
      bytes += entry.length
      if (run.length < RUN_ENTRIES && bytes < RUN_BYTES) continue
      yield run
      run = []
      bytes = 0
    }
    if (run.length > 0) yield run
  }

  /** The bytes of a blob as the file has them: nobody has hashed them yet. @throws MarmaladeError BUNDLE_TRUNCATED, BUNDLE_UNREADABLE */
  blob(id: BlobId): AsyncGenerator<Uint8Array> {
    return this.#read(blobPath(id))
  }

  async *#read(path: string): AsyncGenerator<Uint8Array> {
    const { start, size } = this.#items.get(path) ?? { start: 0, size: 0 }
    for (let at = 0; at < size; at += READ_BYTES)
      yield await readAt(this.#file, start + at, Math.min(READ_BYTES, size - at))
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/**
 * Opens a bundle.
 * @throws MarmaladeError BUNDLE_UNREADABLE, BUNDLE_FOREIGN, BUNDLE_VERSION, BUNDLE_MANIFEST, BUNDLE_TRUNCATED,
 * BUNDLE_LAYOUT, BUNDLE_TOO_LARGE
 */
export async function openBundle(path: string): Promise<Bundle> {
  const { file, size } = await openFile(path)
  try {
    const { manifest, end } = await readManifest(file, size)
    return new Bundle(file, size, manifest, await walk(file, size, manifest, end))
  } catch (error) {
    await file.close()
    throw error
  }
}

async function openFile(path: string): Promise<{ file: FileHandle; size: number }> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const found = await file.stat()
    if (found.isFile()) return { file, size: found.size }
  } catch (cause) {
    await file?.close()
    throw unreadable(`${path} cannot be read: see that it is there and yours to read`, cause)
  }
  await file.close()
  throw unreadable(`${path} is no plain file: copy the bundle to a disk first`)
}

async function readManifest(file: FileHandle, fileSize: number): Promise<{ manifest: Manifest; end: number }> {
  const header = await readAt(file, 0, Math.min(RECORD, fileSize))
  if (!beginsAsBundle(header)) throw new MarmaladeError('BUNDLE_FOREIGN', 'the file is no bundle of marmalade')
  if (header.length < RECORD) throw truncated()
  const size = sizeIn(header, MANIFEST_PATH)
  if (size === undefined) throw new MarmaladeError('BUNDLE_FOREIGN', 'the file does not begin as a bundle does')
  assertManifestSize(size)
  const end = RECORD + padded(size)
  if (end > fileSize) throw truncated()
  const manifest = decodeManifest(await readAt(file, RECORD, size))
  await assertZeros(file, RECORD + size, end)
  return { manifest, end }
}

/** Goes from header to header: everything that the manifest names, in its order, and nothing else. */
async function walk(
  file: FileHandle,
  fileSize: number,
  manifest: Manifest,
  from: number,
): Promise<Map<string, Stretch>> {
  const items = new Map<string, Stretch>()
  let at = from
  for (const { path, fits } of itemsOf(manifest)) {
    if (at + RECORD > fileSize) throw truncated()
    const size = sizeIn(await readAt(file, at, RECORD), path)
    if (size === undefined || !fits(size)) throw misplaced(`${path} is not where it belongs, or not as long as it is`)
    const start = at + RECORD
    at = start + padded(size)
    if (at > fileSize) throw truncated()
    await assertZeros(file, start + size, at)
    items.set(path, { start, size })
  }
  if (at + END_BYTES > fileSize) throw truncated()
  if (at + END_BYTES < fileSize) throw misplaced('something follows its end')
  await assertZeros(file, at, fileSize)
  return items
}

async function assertZeros(file: FileHandle, from: number, to: number): Promise<void> {
  const bytes = await readAt(file, from, to - from)
  if (!bytes.every((byte) => byte === 0)) throw misplaced('what should be empty is not')
}

/** Exactly so many bytes. @throws MarmaladeError BUNDLE_TRUNCATED, BUNDLE_UNREADABLE */
async function readAt(file: FileHandle, start: number, length: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(length)
  for (let done = 0; done < length;) {
    const bytesRead = await readSome(file, buffer, done, start)
    if (bytesRead === 0) throw truncated()
    done += bytesRead
  }
  return buffer
}

async function readSome(file: FileHandle, buffer: Uint8Array, done: number, start: number): Promise<number> {
  try {
    return (await file.read(buffer, done, buffer.length - done, start + done)).bytesRead
  } catch (cause) {
    throw unreadable('the bundle cannot be read any further: its disk fails or is gone', cause)
  }
}

/** Takes the bytes of a feed apart into entries, by the lengths before them. */
async function* split(head: Head, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0)
  let count = 0
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : concat([rest, chunk])
    let at = 0
    for (;;) {
      if (at + LENGTH_BYTES > bytes.length) break
      const length = new DataView(bytes.buffer, bytes.byteOffset + at, LENGTH_BYTES).getUint32(0)
      if (length <= SIGNATURE_BYTES || length > MAX_ENTRY_BYTES || count === head.count)
        throw apart(head, `entry ${count + 1} is said to have ${length} bytes`)
      if (at + LENGTH_BYTES + length > bytes.length) break
      yield bytes.slice(at + LENGTH_BYTES, at + LENGTH_BYTES + length)
      count++
      at += LENGTH_BYTES + length
    }
    rest = bytes.subarray(at)
  }
  if (rest.length > 0 || count !== head.count) throw apart(head, `it holds ${count} entries of ${head.count}`)
}

const apart = (head: Head, why: string): MarmaladeError =>
  new MarmaladeError('BUNDLE_FEED', `the feed of ${head.identity} is damaged: ${why}; export it again`)
const truncated = (): MarmaladeError =>
  new MarmaladeError('BUNDLE_TRUNCATED', 'the bundle was cut off: copy it again, whole')
const misplaced = (why: string): MarmaladeError =>
  new MarmaladeError('BUNDLE_LAYOUT', `the bundle is not laid out as its manifest says: ${why}; export it again`)
const unreadable = (message: string, cause?: unknown): MarmaladeError =>
  new MarmaladeError('BUNDLE_UNREADABLE', message, { cause })
