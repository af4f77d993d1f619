import type { BlobId, Millis, PlayerId } from '../base/index.ts'
import type { CallEffect, CallEvent, LinkId } from '../wire/types.ts'

export type { LinkId } from '../wire/types.ts'

/** One blob that is asked for. */
export interface WantLine {
  readonly blob: BlobId
  /** The most bytes the asker takes. */
  readonly maxBytes: number
  /** How many times more the want may be passed on. */
  readonly hops: number
}

export type DenyCode = 'not-served' | 'range' | 'failed'
export type BlobCloseCode = 'bye' | 'version' | 'malformed' | 'unasked' | 'too-many' | 'too-slow' | 'silent'

/** A frame as `wire.ts` reads and writes it: docs/protocol.md, section Blobs. */
export type BlobFrame =
  | { readonly type: 'hello'; readonly version: number }
  | { readonly type: 'want'; readonly wants: readonly WantLine[] }
  | { readonly type: 'unwant'; readonly blobs: readonly BlobId[] }
  | { readonly type: 'have'; readonly blobs: readonly { readonly blob: BlobId; readonly size: number }[] }
  | {
      readonly type: 'pull'
      readonly request: number
      readonly blob: BlobId
      readonly offset: number
      readonly length: number
    }
  | { readonly type: 'data'; readonly request: number; readonly bytes: Uint8Array }
  | { readonly type: 'deny'; readonly request: number; readonly code: DenyCode }
  | { readonly type: 'close'; readonly code: BlobCloseCode }
  | { readonly type: 'optional' }

/** What happens to the core. `now` is monotonic. */
export type BlobEvent = { readonly now: Millis } & (
  | CallEvent
  /** This node's own player wants a blob, or no more. */
  | { readonly type: 'wanted'; readonly blob: BlobId; readonly maxBytes: number }
  | { readonly type: 'unwanted'; readonly blob: BlobId }
  /** A blob has come into the store, from wherever. */
  | { readonly type: 'stored'; readonly blob: BlobId }
  /** What a peer may have is another now. */
  | { readonly type: 'reconsidered'; readonly peer: PlayerId }
  /** Answers to effects of the same names. */
  | {
      readonly type: 'looked'
      readonly link: LinkId
      readonly blob: BlobId
      /** Bytes, where it is here and the peer may have it. */
      readonly size: number | undefined
      readonly here: boolean
      /** Whether a want of this peer is passed on where the blob is not here. */
      readonly relay: boolean
    }
  | {
      readonly type: 'fetched'
      readonly link: LinkId
      readonly request: number
      readonly bytes: Uint8Array | undefined
    }
  | { readonly type: 'opened'; readonly blob: BlobId; readonly part: string; readonly offset: number }
  | { readonly type: 'written'; readonly blob: BlobId; readonly bytes: number }
  /** All bytes were there: whether they were the blob's. `stored` comes beside it where they were. */
  | { readonly type: 'finished'; readonly blob: BlobId; readonly whole: boolean }
  /** The disk did not take it: the want ends. */
  | { readonly type: 'broken'; readonly blob: BlobId }
)

/** Why a want of this node's own player ended. */
export type WantEnd = 'stored' | 'too-large' | 'unavailable' | 'full' | 'broken'

/** What the core asks of its driver. */
export type BlobEffect =
  | CallEffect<BlobCloseCode>
  /** Is the blob here and may the peer have it? `relayed`: it was fetched for this peer, who may. -> `looked` */
  | {
      readonly type: 'look'
      readonly link: LinkId
      readonly peer: PlayerId
      readonly blob: BlobId
      readonly relayed: boolean
    }
  /** Bytes of a blob for a peer. -> `fetched` */
  | {
      readonly type: 'fetch'
      readonly link: LinkId
      readonly request: number
      readonly blob: BlobId
      readonly offset: number
      readonly length: number
    }
  /** Opens a part of a blob, what there is of it. -> `opened`; then writes in order -> `written`; `finish` -> `finished` */
  | { readonly type: 'open'; readonly blob: BlobId; readonly part: string }
  | { readonly type: 'write'; readonly blob: BlobId; readonly bytes: Uint8Array }
  | { readonly type: 'finish'; readonly blob: BlobId }
  /** Puts the open part aside to go on with. */
  | { readonly type: 'shelve'; readonly blob: BlobId }
  /** Forgets a part, open or aside. */
  | { readonly type: 'discard'; readonly blob: BlobId; readonly part: string }
  | { readonly type: 'progress'; readonly blob: BlobId; readonly done: number; readonly size: number }
  | { readonly type: 'ended'; readonly blob: BlobId; readonly why: WantEnd }
