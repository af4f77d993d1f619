import type { BlobId, EntryKey, JamId, Micros, PlayerId, Refusal } from '../base/index.ts'
import type { Head } from '../store/index.ts'

/**
 * Versions of the format that are read: a jam or a player is written as 1, a whole home, which programs of before do not
 * know, as 2.
 */
export const BUNDLE_VERSIONS = [1, 2] as const
export type BundleVersion = (typeof BUNDLE_VERSIONS)[number]
/** Feeds, and blobs, of one bundle, by its version. */
export const MAX_BUNDLE_ITEMS: Readonly<Record<BundleVersion, number>> = { 1: 10_000, 2: 100_000 }
/** Bytes of the manifest. */
export const MAX_MANIFEST_BYTES: Readonly<Record<BundleVersion, number>> = { 1: 4 * 1_048_576, 2: 32 * 1_048_576 }
/** Bytes of one feed or blob: what eleven octal digits of a tar header say. */
export const MAX_ITEM_BYTES = 8 * 1_073_741_824 - 1

/** What a bundle is of: a jam, with the whole feed of each member, one player's feed, or all feeds and blobs of a home. */
export type BundleWhat = { readonly jam: JamId } | { readonly player: PlayerId } | { readonly all: true }

export const versionOf = (what: BundleWhat): BundleVersion => ('all' in what ? 2 : 1)

/** A blob that a bundle holds. */
export interface BundleBlob {
  readonly id: BlobId
  /** Bytes. */
  readonly size: number
}

/** The first thing in a bundle: everything that follows, in its order. */
export interface Manifest {
  readonly what: BundleWhat
  /** The whole feed up to each of these, in the order of the 32 bytes of their public keys. */
  readonly heads: readonly Head[]
  /** In the order of their hashes. */
  readonly blobs: readonly BundleBlob[]
  /** Of a jam: the hash of the score that its entries make, 64 hex digits. */
  readonly score?: string
}

/** How far long work is. `total` may differ from stage to stage; `done` grows from 0 to it within one. */
export interface BundleProgress {
  readonly stage: 'reading' | 'writing' | 'checking' | 'importing' | 'entries' | 'blobs'
  readonly done: number
  readonly total: number
}

export interface BundleOptions {
  /** Called now and then. The work waits for what it returns. */
  readonly onProgress?: (progress: BundleProgress) => void | Promise<void>
  /** Gives the work up: CANCELLED. */
  readonly signal?: AbortSignal
}

/** What an export came to. */
export interface Exported {
  readonly file: string
  /** Of the file. */
  readonly bytes: number
  readonly what: BundleWhat
  readonly feeds: number
  readonly entries: number
  /** Of a jam: entries that go along though they are not of it, nor publish what it plays. Of anything else: 0. */
  readonly others: number
  /** Entries whose own signature does not verify: they go along because later ones commit to them, and do not count. */
  readonly unverified: number
  readonly blobs: number
  readonly score?: string
  /** Members of whom no entry is here. */
  readonly absent: readonly PlayerId[]
  /** Blobs that a player's feed names and that are not here: at most the first 100. */
  readonly lacking: readonly BlobId[]
}

/** What became of a feed of a bundle that is not the feed here now. */
export interface FeedApart {
  readonly identity: PlayerId
  /**
   * `ahead`: from some entry on it lies more than 10 minutes ahead of this machine's clock, and is not kept.
   * `other`: another chain of this identity has the higher head; this one is kept as a losing branch.
   */
  readonly outcome: 'ahead' | 'other'
  /** When what is ahead may be taken. */
  readonly due?: Micros
}

/** What an import came to. */
export interface Imported {
  readonly what: BundleWhat
  readonly feeds: number
  /** Entries in the bundle. */
  readonly entries: number
  /** Entries that were not here before. */
  readonly added: number
  /** Entries whose own signature does not verify: kept because later ones commit to them, and they do not count. */
  readonly unverified: number
  readonly blobs: number
  readonly blobsAdded: number
  readonly score?: string
  /** Feeds of the bundle that are not, or not wholly, the feeds here now: at most the first 100. */
  readonly apart: readonly FeedApart[]
}

/** One thing that is wrong in a home. */
export interface HomeFault extends Refusal {
  readonly player?: PlayerId
  readonly key?: EntryKey
  readonly comparable?: Micros
  readonly blob?: BlobId
}

/** What a check of a home came to. */
export interface HomeVerified {
  readonly feeds: number
  readonly entries: number
  /** Blobs hashed anew; 0 where that was not asked for. */
  readonly blobs: number
  /** How many faults there are, and the first 1,000 of entries and of blobs each. */
  readonly bad: number
  readonly faults: readonly HomeFault[]
  /** Whose feeds have entries that are not where they belong, or cannot be read: all of them. */
  readonly damaged: readonly PlayerId[]
}
