import type { EntryKey, Millis, PlayerId } from '../base/index.ts'
import { compareHeads } from '../entry/index.ts'
import type { HeadPosition } from '../entry/index.ts'
import type { Head } from '../store/types.ts'
import { encodeFrame } from './wire.ts'
import type { CloseCode, Frame, GossipEffect, LinkId, Position } from './types.ts'

/** Bounds and times of gossip. */
export interface GossipLimits {
  /** Bytes of runs a peer may send ahead of being taken in. */
  readonly window: number
  /** Bytes handed to a link and not yet sent above which no more runs are read for it. */
  readonly maxUnsent: number
  /** The same, above which the link is closed: its peer does not read. */
  readonly maxBacklog: number
  /** Credit that is believed at most, whatever a peer grants. */
  readonly maxCredit: number
  /** Heads remembered for each link. */
  readonly maxHeard: number
  /** `ihave` frames under way before the peer has said that it heard them. */
  readonly maxUnheard: number
  /** A head that another has announced may be missing so long before the source is changed. */
  readonly takeOverAfter: Millis
  /** A source that announced a head may deliver nothing so long before it loses the right. */
  readonly stallAfter: Millis
  /** How long it loses it: doubled each time, at most 64-fold. */
  readonly penalty: Millis
  /** How long a link may stay without its first frame. */
  readonly greetWithin: Millis
}

export const GOSSIP_LIMITS: GossipLimits = {
  window: 4 * 65_536,
  maxUnsent: 4 * 65_536,
  maxBacklog: 8 * 1_048_576,
  maxCredit: 1_048_576,
  maxHeard: 65_536,
  maxUnheard: 4,
  takeOverAfter: 500,
  stallAfter: 5_000,
  penalty: 15_000,
  greetWithin: 10_000,
}

/** What the core is given once. */
export interface GossipSettings {
  /** 8 bytes in hex, changed whenever the store may have lost something that was announced. */
  readonly epoch: string
  /** Whether a peer may be told of this feed and served it. A question, not an event: it changes nothing. */
  mayServe(peer: PlayerId, feed: PlayerId): boolean
  readonly limits: GossipLimits
}

/** A feed that this node asks of one peer. */
export interface Ask {
  readonly stream: number
  readonly link: LinkId
  readonly identity: PlayerId
  /** `asked` until the first answer, `sampling` while own positions are looked up after `fork`. */
  phase: 'asked' | 'sampling' | 'flowing'
  /** Entries that may still be handed to the store; what comes past it is dropped. */
  room: number
  /** When something last came of it. */
  progressAt: Millis
  /** Runs handed to the store and not yet answered. */
  ingesting: number
}

/** A feed that a peer asks of this node. */
export interface Serve {
  readonly stream: number
  readonly link: LinkId
  readonly identity: PlayerId
  /** The position the peer has; what comes after it is sent. */
  position: Position
  phase: 'finding' | 'forked' | 'finding-point' | 'checking' | 'flowing'
  /** Raised when the chain changes, so that answers to older questions are dropped. */
  turn: number
  /** What `find` asked last. */
  asked: readonly HeadPosition[]
  queue: 'none' | 'live' | 'bulk' | 'reading'
  /** The head of the peer's that was looked for on our chain last. */
  checked: EntryKey | undefined
}

/** One connected peer. */
export interface Link {
  readonly id: LinkId
  readonly peer: PlayerId
  readonly since: Millis
  greeted: boolean
  /** Bytes handed over and not yet sent. */
  unsent: number

  /** Heads the peer was told, by `ihave` or in a run. */
  readonly told: Map<PlayerId, HeadPosition>
  /** Feeds whose head it has yet to be told. */
  readonly dirty: Set<PlayerId>
  serial: number
  heardSerial: number

  /** Heads the peer announced. */
  readonly heard: Map<PlayerId, Head>
  readonly asks: Map<number, Ask>
  /** Streams that were stopped and whose `end` has not come: their runs are dropped. */
  readonly stopping: Set<number>
  nextStream: number
  /** Bytes of runs the peer may still send. */
  granted: number
  /** Bytes taken in and not yet granted anew. */
  owed: number

  readonly serves: Map<number, Serve>
  readonly serveOf: Map<PlayerId, Serve>
  /** Bytes of runs this node may still send. */
  credit: number
  readonly live: Set<Serve>
  readonly bulk: Set<Serve>
  liveInRow: number
  reading: boolean
}

/** One tracked feed. */
export interface Feed {
  readonly identity: PlayerId
  /** Entries of it that are drawn at most. */
  most: number
  source: Ask | undefined
  /** The oldest announcement above the own head that has not come. */
  awaited: { readonly position: HeadPosition; readonly since: Millis } | undefined
  /** The end of what the store keeps aside: where a cut transfer goes on. */
  tail: HeadPosition | undefined
  heldUntil: Millis
  /** Runs in a row whose parent the store does not know. */
  orphans: number
  /** Peers that may not be asked until then, and how often that has happened. */
  readonly penalties: Map<PlayerId, { until: Millis; times: number }>
}

/** Everything the core knows. Changed in place by `step`. */
export interface GossipState {
  readonly settings: GossipSettings
  readonly heads: Map<PlayerId, Head>
  readonly feeds: Map<PlayerId, Feed>
  readonly links: Map<LinkId, Link>
  /** Tracked feeds of which some peer has announced more than is here: what a tick looks at. */
  readonly waiting: Set<PlayerId>
  now: Millis
}

export function createGossip(settings: GossipSettings): GossipState {
  return { settings, heads: new Map(), feeds: new Map(), links: new Map(), waiting: new Set(), now: 0 }
}

/** The state and where effects go: what each step works on. */
export interface Turn {
  readonly state: GossipState
  readonly effects: GossipEffect[]
}

/** Whether `a` would win over `b`. */
export const higher = (a: HeadPosition, b: Position): boolean => b === undefined || compareHeads(a, b) > 0

/** Hands a frame to a link; a link whose peer does not read is closed. */
export function send(turn: Turn, link: Link, frame: Exclude<Frame, { type: 'optional' }>): number {
  const bytes = encodeFrame(frame)
  link.unsent += bytes.length
  turn.effects.push({ type: 'send', link: link.id, bytes })
  if (link.unsent > turn.state.settings.limits.maxBacklog && frame.type !== 'close') closeLink(turn, link, 'too-slow')
  return bytes.length
}

/** Says why and ends the link. What it was asked is asked elsewhere once `disconnected` comes, which is now. */
export function closeLink(turn: Turn, link: Link, code: CloseCode): void {
  if (turn.state.links.get(link.id) !== link) return
  turn.state.links.delete(link.id)
  send(turn, link, { type: 'close', code })
  turn.effects.push({ type: 'close', link: link.id, code })
  forget(turn.state, link)
}

/** Drops what depended on a link that is gone; its feeds wait for another source. */
export function forget(state: GossipState, link: Link): void {
  for (const ask of link.asks.values()) {
    const feed = state.feeds.get(ask.identity)
    if (!feed || feed.source !== ask) continue
    feed.source = undefined
    state.waiting.add(feed.identity)
  }
  link.asks.clear()
}
