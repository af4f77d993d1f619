import type { EntryKey, Micros, Millis, PlayerId } from '../base/index.ts'
import { compareHeads } from '../entry/index.ts'
import type { HeadPosition } from '../entry/index.ts'
import type { Head } from '../store/types.ts'
import type { Given, Offer } from './offers.ts'
import type { GossipLimits } from './limits.ts'
import type { LinkId, Position } from './types.ts'

export { GOSSIP_LIMITS } from './limits.ts'
export type { GossipLimits } from './limits.ts'

/** What the core is given once. */
export interface GossipSettings {
  /** 8 bytes in hex, another in every run of the node. */
  readonly epoch: string
  /** The number of the last change before the first `changed`: all heads up to it are given as such. */
  readonly sequence?: number
  /** The own player, whose losing heads are asked for and told of; without one they are not. */
  readonly self?: PlayerId
  /** Whether a peer may be told of this feed and served it. A question, not an event: it changes nothing. */
  mayServe(peer: PlayerId, feed: PlayerId): boolean
  readonly limits: GossipLimits
}

/** A feed that this node asks of one peer. */
export interface Ask {
  readonly stream: number
  readonly link: LinkId
  readonly identity: PlayerId
  /** Where it is the chain up to a losing head of the own feed that is asked for. */
  readonly goal: HeadPosition | undefined
  /** `asked` until the first answer, `sampling` while own positions are looked up after `fork`. */
  phase: 'asked' | 'sampling' | 'flowing'
  /** Entries that may still be handed to the store; what comes past it is dropped. */
  room: number
  /** When it was asked or first answered, or when something new of it was last taken in. */
  progressAt: Millis
  /** Whether something new has been taken in of it, and when a run that was here already was, unless new ones came since. */
  drew?: true
  knownAt?: Millis | undefined
  /** Entries came since that no signature verifies: anyone can make them, however many. */
  vain?: boolean
  /** Runs handed to the store and not yet answered, and their bytes. */
  ingesting: number
  inHand: number
  /** Whether it counts among those of its link that wait for a first answer. */
  unanswered: boolean
  /** Of a chain up to a losing head: the last of it has been sent. */
  ended: boolean
}

/** A feed that a peer asks of this node. */
export interface Serve {
  readonly stream: number
  readonly link: LinkId
  readonly identity: PlayerId
  /** Where it is the chain up to a losing head of the peer's own feed that is sent. */
  readonly goal: HeadPosition | undefined
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
  /** Bytes that have left. */
  left: number

  /** What is offered to the peer, and the heads it was told, by `ihave` or in a run. Changed by `join` and `leave`. */
  readonly told: Map<PlayerId, HeadPosition>
  /** Stands for the keys of `told`: docs/protocol.md, section Gossip. */
  readonly offer: Offer
  /** The sets that the peer may take for what it is offered: few. */
  readonly given: Given[]
  /** Feeds whose head it has yet to be told. */
  readonly dirty: Set<PlayerId>
  /** Feeds that go to it in runs and whose head no run has named yet. */
  readonly untold: Set<PlayerId>
  /** Whether the peer still knew what it was told on an earlier link. */
  resumed: boolean
  serial: number
  heardSerial: number
  /** Up to where the peer was last told everything, and when. */
  toldSequence: number
  toldAt: Millis
  /** Losing heads of the peer's own feed. */
  readonly losing: Losing

  /** Heads the peer announced. */
  readonly heard: Map<PlayerId, Head>
  /** The peer's epoch, once it has greeted. */
  epoch: string
  /** What this node said it remembers of the peer. */
  readonly memory: PeerMemory | undefined
  /** Serial of the last `ihave` that came. */
  lastSerial: number
  /** What the last whole `ihave` said. */
  known: { readonly sequence: number; readonly offer: string } | undefined
  /** Heads of feeds tracked since then may have been told and not kept. */
  blindSince: Millis | undefined
  /** Losing heads of the own feed. */
  readonly lost: Lost
  /** When something was last drawn from it. */
  progressAt: Millis
  /** Bytes of runs that brought something new since then, measured while it owes. */
  drawn: number
  measuredAt: Millis | undefined
  readonly asks: Map<number, Ask>
  /** Those of them that wait for a first answer. */
  asking: number
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
  /** The most that it ever was. */
  mostCredit: number
  readonly live: Set<Serve>
  readonly bulk: Set<Serve>
  /** Streams whose position is being looked up, and those that wait for that. */
  looking: number
  readonly toLook: Set<Serve>
  liveInRow: number
  reading: boolean
}

/** What is told of the losing heads of a peer's own feed. */
export interface Losing {
  due: boolean
  looking: boolean
  at: Millis
  told: readonly HeadPosition[] | undefined
}

/** What a peer keeps of the losing heads of the own feed, and what came of asking for them. */
export interface Lost {
  /** As far as it has said. */
  heads: readonly HeadPosition[]
  /** Those of which the store is asked just now whether they are here; whether it has to be asked again. */
  looked: readonly HeadPosition[]
  due: boolean
  /** Those that were asked for and have not been found here since: how often it failed, and until when it waits. */
  readonly tried: Map<EntryKey, { readonly times: number; until: Millis | undefined }>
}

/** What is remembered of a peer between links, so that the next one costs the changes since. */
export interface PeerMemory {
  readonly epoch: string
  readonly sequence: number
  readonly offer: string
  /** Heads that it announced and that have not come. */
  readonly owed: readonly Head[]
  /** When that was; feeds tracked since may have been announced too. */
  readonly since: Millis
}

/** One tracked feed. */
export interface Feed {
  readonly identity: PlayerId
  readonly trackedAt: Millis
  /** Entries of it that are drawn at most. */
  most: number
  source: Ask | undefined
  /** The oldest announcement above the own head that has not come. */
  awaited: { readonly position: HeadPosition; readonly since: Millis } | undefined
  /** The end of what the store keeps aside: where a cut transfer goes on. */
  tail: HeadPosition | undefined
  /** Heads from this comparable on are not asked for until then: what leads to them lies too far ahead of the clock. */
  heldFrom: Micros
  heldUntil: Millis
  /** Runs in a row whose parent the store does not know. */
  orphans: number
  /** Peers that may not be asked until then, and how often that has happened. */
  readonly penalties: Map<PlayerId, { until: Millis; times: number }>
  /** Changeovers that are not forgotten yet, as of `flippedAt`, and until when no fork is taken. */
  flips: number
  flippedAt: Millis
  quietUntil: Millis
}

/** Everything the core knows. Changed in place by `step`. */
export interface GossipState {
  readonly settings: GossipSettings
  readonly heads: Map<PlayerId, Head>
  /** The number of the change that brought each head. */
  readonly sequences: Map<PlayerId, number>
  /** Every change up to this number has come, and of those after it these. */
  sequence: number
  readonly early: Set<number>
  readonly feeds: Map<PlayerId, Feed>
  readonly links: Map<LinkId, Link>
  /** Tracked feeds of which some peer has announced more than is here: what a tick looks at. */
  readonly waiting: Set<PlayerId>
  /** Those of them that could be asked for, but for the many that their peers are asked for already. */
  readonly unasked: Set<PlayerId>
  /** Chains up to losing heads of the own feed that are being drawn. */
  readonly goals: Map<EntryKey, Ask>
  /** What peers brought in the last stretch that was measured, and when that was; the oldest first. */
  readonly gave: Map<PlayerId, { readonly bytes: number; readonly at: Millis }>
  /** Feeds that peers are asked about anew: links whose answer has not come, and on which stream. */
  readonly inquiries: Map<PlayerId, Map<LinkId, number | undefined>>
  /** Peers by their last link, oldest first. */
  readonly memories: Map<PlayerId, PeerMemory>
  /** Earlier epochs of this node that its store has outlived whole, and the sequence each ended with. */
  readonly epochs: Map<string, number>
  /** Sets of feeds that peers were offered on links that have ended, by their digest; the one used last is last. */
  readonly offers: Map<string, Offer>
  /** Feeds that were tracked when the memory of peers was kept. */
  before: Set<PlayerId>
  now: Millis
}

export function createGossip(settings: GossipSettings): GossipState {
  return {
    settings,
    heads: new Map(),
    sequences: new Map(),
    sequence: settings.sequence ?? 0,
    early: new Set(),
    feeds: new Map(),
    links: new Map(),
    waiting: new Set(),
    unasked: new Set(),
    goals: new Map(),
    gave: new Map(),
    inquiries: new Map(),
    memories: new Map(),
    epochs: new Map(),
    offers: new Map(),
    before: new Set(),
    now: 0,
  }
}

/** Whether `a` would win over `b`. */
export const higher = (a: HeadPosition, b: Position): boolean => b === undefined || compareHeads(a, b) > 0
