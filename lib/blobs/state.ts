import type { BlobId, Millis, PlayerId } from '../base/index.ts'
import { PIECE_BYTES, encodeBlobFrame } from './wire.ts'
import type { BlobCloseCode, BlobEffect, BlobFrame, LinkId, WantEnd } from './types.ts'

/** Bounds and times of blob transfers. */
export interface BlobLimits {
  /** Pieces asked for and not yet on disk, for each link. */
  readonly window: number
  /** Blobs fetched at once. */
  readonly maxTransfers: number
  /** Blobs this node's own player may want at once. */
  readonly maxWants: number
  /** Wants of others that are passed on, all together, and for each link. */
  readonly maxRelayed: number
  readonly maxRelayedOfLink: number
  /** The largest blob fetched on behalf of another. */
  readonly maxRelayedBytes: number
  /** Wants of a peer that are remembered: past it the oldest goes. Looks for it into the store at once: more close the link. */
  readonly maxPeerWants: number
  /** Blobs announced to a peer that it may pull: past it the oldest goes. */
  readonly maxOffers: number
  /** Pulls of a peer that wait for their answer: more close the link. */
  readonly maxPulls: number
  /** Bytes handed to a link and not yet sent above which pulls wait. */
  readonly maxUnsent: number
  /** The same, above which the link is closed: its peer does not read. */
  readonly maxBacklog: number
  /** A peer forgets a want after so long; the asker repeats it in half the time. */
  readonly lease: Millis
  /** A source that gives nothing for so long is left. */
  readonly stallAfter: Millis
  /** A source that gives fewer bytes than this over `stallAfter` is left for another that has the blob. */
  readonly leastBytes: number
  /** How long one's own want may stay without any progress. */
  readonly giveUpAfter: Millis
  /** How long smaller offers are waited for where all are too large. */
  readonly tooLargeAfter: Millis
  readonly greetWithin: Millis
}

export const BLOB_LIMITS: BlobLimits = {
  window: 24,
  maxTransfers: 8,
  maxWants: 1_000,
  maxRelayed: 256,
  maxRelayedOfLink: 32,
  maxRelayedBytes: 64 * 1_048_576,
  maxPeerWants: 2_000,
  maxOffers: 4_096,
  maxPulls: 64,
  maxUnsent: 8 * PIECE_BYTES,
  maxBacklog: 4 * 1_048_576,
  lease: 300_000,
  stallAfter: 10_000,
  leastBytes: 4 * PIECE_BYTES,
  giveUpAfter: 600_000,
  tooLargeAfter: 5_000,
  greetWithin: 10_000,
}

/** A piece asked of a peer. `lost` once its transfer went elsewhere: what comes is dropped. */
export interface Pull {
  readonly request: number
  readonly blob: BlobId
  readonly length: number
  lost: boolean
}

/**
 * Bytes of a blob on disk. Sources that say another size each have a part of their own, and so has each player once a
 * part that several gave has proved wrong: what one says or gives cannot spoil what others gave.
 */
export interface Part {
  /** Among the parts of one blob. */
  readonly name: string
  /** Bytes of the blob, as its sources say. */
  readonly size: number
  /** Bytes given to the disk, as far as is known. */
  bytes: number
  /** Who gave them; `unknown` for what an earlier run left. */
  readonly givers: Set<PlayerId | 'unknown'>
}

/** A blob on its way here from one source. */
export interface Transfer {
  readonly link: LinkId
  readonly peer: PlayerId
  readonly part: Part
  /** Where the next piece to ask for starts. */
  asked: number
  /** Bytes given to the disk, in order. */
  received: number
  /** Bytes the disk has taken. */
  written: number
  /** Waits for `opened` or `finished`. */
  phase: 'opening' | 'flowing' | 'finishing'
  progressAt: Millis
  /** Since when, and from how many bytes on, the source's rate is measured. */
  measuredAt: Millis
  measuredFrom: number
}

/** A blob that this node wants: for its own player, for peers that asked, or both. */
export interface Want {
  readonly blob: BlobId
  maxBytes: number
  own: boolean
  /** Peers on whose behalf, and until when. */
  readonly relayFor: Map<LinkId, Millis>
  /** What links announced. */
  readonly sources: Map<LinkId, number>
  /** What is on disk of it, as far as is known: few. */
  readonly parts: Map<string, Part>
  /** Sizes of which wrong bytes came from several: of these each player has a part of its own. */
  readonly alone: Set<number>
  transfer: Transfer | undefined
  /** When it was asked last, and when something last came of it. */
  askedAt: Millis
  progressAt: Millis
  /** When an offer was first found too large. */
  tooLargeAt: Millis | undefined
}

/** One connected peer. */
export interface Link {
  readonly id: LinkId
  readonly peer: PlayerId
  readonly since: Millis
  greeted: boolean
  /** Told to close: nothing it says counts. */
  closing: boolean
  unsent: number
  /** What the peer wants: the most bytes, how often it may be passed on, and until when. Soonest first. */
  readonly wants: Map<BlobId, { readonly maxBytes: number; readonly hops: number; readonly until: Millis }>
  /** Looks into the store for the peer that are under way. */
  looking: number
  /** What the peer was told is here, with sizes: it may pull these. */
  readonly offers: Map<BlobId, number>
  /** Blobs fetched for this peer, which it may have. */
  readonly relayed: Map<BlobId, true>
  /** Pieces asked of the peer, in order: answers come in that order. */
  pulls: Pull[]
  nextRequest: number
  /** Pieces the peer asked for. */
  queue: Extract<BlobFrame, { type: 'pull' }>[]
  fetching: boolean
}

export interface BlobSettings {
  readonly limits: BlobLimits
}

/** Everything the core knows. Changed in place by `stepBlobs`. */
export interface BlobState {
  readonly settings: BlobSettings
  readonly links: Map<LinkId, Link>
  readonly wants: Map<BlobId, Want>
  /** Who gave wrong bytes of which blob, also when it is not wanted any more: the last of them. */
  readonly liars: Map<string, true>
  now: Millis
}

export const createBlobs = (settings: BlobSettings): BlobState => ({
  settings,
  links: new Map(),
  wants: new Map(),
  liars: new Map(),
  now: 0,
})

export interface Turn {
  readonly state: BlobState
  readonly effects: BlobEffect[]
}

export function send(turn: Turn, link: Link, frame: Exclude<BlobFrame, { type: 'optional' }>): void {
  if (link.closing && frame.type !== 'close') return
  const bytes = encodeBlobFrame(frame)
  link.unsent += bytes.length
  turn.effects.push({ type: 'send', link: link.id, bytes })
  if (link.unsent > turn.state.settings.limits.maxBacklog && frame.type !== 'close') closeLink(turn, link, 'too-slow')
}

/** Says why and ends the link; `disconnected` is to follow, by which its transfers go on elsewhere. */
export function closeLink(turn: Turn, link: Link, code: BlobCloseCode): void {
  if (link.closing) return
  link.closing = true
  send(turn, link, { type: 'close', code })
  turn.effects.push({ type: 'close', link: link.id, code })
}

export function endOwn(turn: Turn, want: Want, why: WantEnd): void {
  if (want.own) turn.effects.push({ type: 'ended', blob: want.blob, why })
  want.own = false
}

/** Looks whether a blob that a peer wants is here; a peer that wants faster than the disk can look is let go. */
export function look(turn: Turn, link: Link, blob: BlobId): void {
  if (link.closing) return
  if (link.looking >= turn.state.settings.limits.maxPeerWants) {
    closeLink(turn, link, 'too-many')
    return
  }
  link.looking++
  turn.effects.push({ type: 'look', link: link.id, peer: link.peer, blob, relayed: link.relayed.has(blob) })
}

/** Puts last into a map of bounded size; the oldest goes. */
export function putBounded<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key)
  map.set(key, value)
  for (const oldest of map.keys()) {
    if (map.size <= most) return
    map.delete(oldest)
  }
}
