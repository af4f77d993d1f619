import type { Micros, Millis, PlayerId } from '../base/index.ts'
import type { Entry, HeadPosition, RawEntry } from '../entry/index.ts'
import type { Head } from '../store/types.ts'
import type { CallEffect, CallEvent, LinkId } from '../wire/types.ts'

export type { Duplex, LinkId } from '../wire/types.ts'

/** A frame as `wire.ts` reads and writes it: docs/protocol.md, section Gossip. */
export type Frame =
  | {
      readonly type: 'hello'
      /** The highest version the sender speaks. */
      readonly version: number
      /** 8 bytes that change with every run of the sender's node. */
      readonly epoch: string
      /** The epoch of the receiver that the sender remembers, and what the last whole `ihave` in it said; zeros for none. */
      readonly knownEpoch: string
      readonly knownSequence: number
      readonly knownOffer: string
    }
  /** Heads that may be served to the receiver; one with `count` 0 is no longer offered. */
  | {
      readonly type: 'ihave'
      /** Counts the frames of this kind on this call, from 1. */
      readonly serial: number
      /** Everything up to this change of the sender's store has been told. Of no meaning where more is to come. */
      readonly sequence: number
      /** 8 bytes that stand for the set of feeds that are offered; zeros where more is to come. */
      readonly offer: string
      readonly full: boolean
      readonly heads: readonly Head[]
    }
  | { readonly type: 'heard'; readonly serial: number }
  | { readonly type: 'iwant'; readonly stream: number; readonly identity: PlayerId; readonly after: Position }
  | { readonly type: 'stop'; readonly stream: number }
  | { readonly type: 'fork'; readonly stream: number }
  | { readonly type: 'points'; readonly stream: number; readonly points: readonly HeadPosition[] }
  | { readonly type: 'at'; readonly stream: number; readonly at: Position; readonly head: Goal }
  | { readonly type: 'run'; readonly stream: number; readonly head: Goal; readonly entries: readonly Uint8Array[] }
  | { readonly type: 'credit'; readonly bytes: number }
  | { readonly type: 'end'; readonly stream: number; readonly code: EndCode }
  | { readonly type: 'close'; readonly code: CloseCode }
  /** Losing heads of the receiver's own feed that the sender keeps: all of them, each time. */
  | { readonly type: 'lost'; readonly heads: readonly HeadPosition[] }
  /** Asks for the chain that ends in a losing head of the asker's own feed, after the first of these that it holds. */
  | {
      readonly type: 'iwantlost'
      readonly stream: number
      readonly head: HeadPosition
      readonly points: readonly HeadPosition[]
    }
  /** A frame of a later minor version that may be passed over. */
  | { readonly type: 'optional' }

/** A place in a feed; undefined is before the first entry. */
export type Position = HeadPosition | undefined
/** A head and how many entries lead to it. */
export interface Goal extends HeadPosition {
  readonly count: number
}

/** Why a server ends a stream. */
export type EndCode = 'stopped' | 'not-served' | 'superseded' | 'failed' | 'complete'
/** Why a side closes the link. */
export type CloseCode = 'bye' | 'version' | 'malformed' | 'unasked' | 'over-credit' | 'too-slow' | 'silent'

/** What became of a run: the part of the store's answer that gossip acts on. */
export type Outcome =
  | { readonly kind: 'adopted' | 'known' }
  /** Kept aside; `unverified` where no signature says yet that it is the author's. */
  | { readonly kind: 'staged'; readonly tail: HeadPosition; readonly unverified?: true }
  /** What is left lies too far ahead of the clock, from this comparable on: ask again after so long. All, where left out. */
  | { readonly kind: 'held'; readonly retryIn: Millis; readonly from?: Micros }
  | { readonly kind: 'refused'; readonly orphan: boolean }

/** What happens to the core. `now` is monotonic. */
export type GossipEvent = { readonly now: Millis } & (
  | CallEvent
  /** A feed of the own store has a new head. `entries` may be given where few: they spare a read. */
  | {
      readonly type: 'changed'
      readonly head: Head
      readonly entries?: readonly Entry[]
      readonly changeover?: { readonly ancestor: Position }
      /** The store's number of this change; counted here where left out. */
      readonly sequence?: number
    }
  /** A feed has been deleted from the own store. */
  | { readonly type: 'forgotten'; readonly identity: PlayerId }
  /** Peers are asked anew what they have of a feed, from now on, or no more. */
  | { readonly type: 'inquired'; readonly identity: PlayerId; readonly on: boolean }
  /** A feed is drawn from now on, or no more. `most`: no more than so many entries of it, all where left out. */
  | { readonly type: 'tracked'; readonly identity: PlayerId; readonly on: boolean; readonly most?: number }
  /** What a peer may be served has changed: of these feeds, or of any where they are left out. */
  | { readonly type: 'reconsider'; readonly peer: PlayerId; readonly feeds?: Iterable<PlayerId> }
  | {
      readonly type: 'found'
      readonly link: LinkId
      readonly stream: number
      readonly turn: number
      readonly at: Position
    }
  | {
      readonly type: 'run'
      readonly link: LinkId
      readonly stream: number
      readonly turn: number
      readonly entries: readonly RawEntry[]
    }
  | {
      readonly type: 'sampled'
      readonly link: LinkId
      readonly stream: number
      readonly points: readonly HeadPosition[]
    }
  | {
      readonly type: 'ingested'
      readonly link: LinkId
      readonly stream: number
      readonly identity: PlayerId
      readonly bytes: number
      readonly outcome: Outcome
    }
  /** Losing heads of a peer's own feed that are kept here and that its chain does not name; answers `losing`. */
  | { readonly type: 'losing'; readonly link: LinkId; readonly heads: readonly HeadPosition[] }
  /** Those of the positions that are nowhere in this store; answers `lack`. */
  | { readonly type: 'lacking'; readonly link: LinkId; readonly positions: readonly HeadPosition[] }
)

/**
 * What the core asks of its driver. `turn` comes back with the answer. Where a `goal` is given the chain meant is not
 * the current one, but the kept one that ends in this losing head.
 */
export type GossipEffect =
  | CallEffect<CloseCode>
  /** Which of these positions, the first that does, lies on the current chain, or on the one that ends in the losing head `goal`? -> `found` */
  | {
      readonly type: 'find'
      readonly link: LinkId
      readonly stream: number
      readonly turn: number
      readonly identity: PlayerId
      readonly positions: readonly HeadPosition[]
      readonly goal?: HeadPosition
    }
  /** Entries of the current chain right after a position, together at most so many bytes, at least one. -> `run` */
  | {
      readonly type: 'read'
      readonly link: LinkId
      readonly stream: number
      readonly turn: number
      readonly identity: PlayerId
      readonly after: Position
      readonly maxBytes: number
      readonly goal?: HeadPosition
    }
  /** Own positions from the head back at growing distances, at most 64. -> `sampled` */
  | { readonly type: 'sample'; readonly link: LinkId; readonly stream: number; readonly identity: PlayerId }
  /** -> `ingested` with the same `bytes`, runs of one feed in order. */
  | {
      readonly type: 'ingest'
      readonly link: LinkId
      readonly stream: number
      readonly identity: PlayerId
      readonly entries: readonly Uint8Array[]
      readonly announced: HeadPosition
      readonly bytes: number
    }
  /** Which losing heads of this feed, the peer's own, are kept here and not named in it? At most 8. -> `losing` */
  | { readonly type: 'losing'; readonly link: LinkId; readonly identity: PlayerId }
  /** Which of these positions of the own player's feed are nowhere in the store? -> `lacking` */
  | { readonly type: 'lack'; readonly link: LinkId; readonly positions: readonly HeadPosition[] }
