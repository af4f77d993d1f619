import { MarmaladeError, compareBytes, fromUtf8, hex, rawId, refOf, utf8 } from '../base/index.ts'
import type { BlobId, PlayerId } from '../base/index.ts'
import { MAX_ENTRY_BYTES, SIGNATURE_BYTES } from '../entry/index.ts'
import { tarHeader } from '../generators/index.ts'
import type { Head } from '../store/index.ts'
import { MAX_ITEM_BYTES } from './types.ts'
import type { Manifest } from './types.ts'

/** Bytes of a tar record. A bundle ends with two of zeros. */
export const RECORD = 512
export const END_BYTES = 2 * RECORD
/** Bytes before each entry that say how many it has. */
export const LENGTH_BYTES = 4

export const MANIFEST_PATH = 'manifest.json'
export const feedPath = (identity: PlayerId): string => `feeds/${refOf(identity)}`
export const blobPath = (id: BlobId): string => `blobs/${hex(rawId(id))}`

/** Bytes that something takes with the zeros that fill its last record. */
export const padded = (size: number): number => Math.ceil(size / RECORD) * RECORD

/** Where something's bytes lie in the file. */
export interface Stretch {
  readonly start: number
  readonly size: number
}

/** @throws MarmaladeError BUNDLE_TOO_LARGE */
export function headerOf(path: string, size: number): Uint8Array {
  const header = size > MAX_ITEM_BYTES ? undefined : tarHeader(path, size)
  if (header) return header
  throw new MarmaladeError('BUNDLE_TOO_LARGE', `${path} has ${size} bytes: a bundle takes less than 8 GiB of one feed`)
}

const SIZE_FIELD = /^[0-7]{11}\0$/

/** Bytes that a header says follow it, where it is the header of this path as a bundle has it; else undefined. */
export function sizeIn(header: Uint8Array, path: string): number | undefined {
  const field = fromUtf8(header.subarray(124, 136))
  if (!SIZE_FIELD.test(field)) return undefined
  const size = parseInt(field, 8)
  return compareBytes(headerOf(path, size), header) === 0 ? size : undefined
}

/** Whether bytes are how a bundle begins, as far as they go. */
export const beginsAsBundle = (bytes: Uint8Array): boolean => {
  const begin = utf8(`${MANIFEST_PATH}\0`)
  const length = Math.min(begin.length, bytes.length)
  return compareBytes(begin.subarray(0, length), bytes.subarray(0, length)) === 0
}

/** Everything after the manifest: its path, and whether that many bytes can be it. */
export function itemsOf({ heads, blobs }: Manifest): { path: string; fits: (size: number) => boolean }[] {
  const feeds = heads.map((head) => ({ path: feedPath(head.identity), fits: (size: number) => feedFits(head, size) }))
  const files = blobs.map((blob) => ({ path: blobPath(blob.id), fits: (size: number) => size === blob.size }))
  return [...feeds, ...files]
}

const feedFits = ({ count }: Head, size: number): boolean =>
  size > count * (LENGTH_BYTES + SIGNATURE_BYTES) && size <= count * (LENGTH_BYTES + MAX_ENTRY_BYTES)
