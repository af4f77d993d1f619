import type { Millis } from '../base/index.ts'

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
  /** The same where nobody else has it: at 2 KB/s a frame takes half of that. */
  readonly stallAlone: Millis
  /** A peer that owes something and brings fewer bytes of what is new than this in `stallAfter` is left for others. */
  readonly leastBytes: number
  /** How long that is held against it, from when it was measured last. */
  readonly slowFor: Millis
  /** How long it loses it: doubled each time, at most 64-fold. */
  readonly penalty: Millis
  /** How long a link may stay without its first frame. */
  readonly greetWithin: Millis
  /** A peer that needs nothing new is told so long after the last time up to where that holds. */
  readonly coverAfter: Millis
  /** Peers remembered after their last link has ended, and heads owed by each. */
  readonly maxPeers: number
  readonly maxOwed: number
  /** Changeovers of one feed that cost nothing, and how long it takes until one of them is forgotten. */
  readonly freeFlips: number
  readonly flipLeak: Millis
  /** How long no fork of a feed is taken from then on: doubled for each further changeover, up to an hour. */
  readonly flipWait: Millis
  /** Feeds asked of one peer whose first answer has not come. */
  readonly maxAsking: number
  /** Looks into the store under way for one link, the asked positions of its streams. */
  readonly maxLooks: number
}

export const GOSSIP_LIMITS: GossipLimits = {
  window: 6 * 65_536,
  maxUnsent: 4 * 65_536,
  maxBacklog: 8 * 1_048_576,
  maxCredit: 1_048_576,
  maxHeard: 16_384,
  maxUnheard: 4,
  takeOverAfter: 500,
  stallAfter: 5_000,
  stallAlone: 60_000,
  leastBytes: 65_536,
  slowFor: 45_000,
  penalty: 15_000,
  greetWithin: 10_000,
  coverAfter: 1_000,
  maxPeers: 256,
  maxOwed: 4_096,
  freeFlips: 8,
  flipLeak: 60_000,
  flipWait: 10_000,
  maxAsking: 512,
  maxLooks: 16,
}
