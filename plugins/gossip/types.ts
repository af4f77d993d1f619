import type { GossipLinkStatus, OwnNews } from '../../lib/gossip/index.ts'

/** What other plugins reach of gossip. */
export interface GossipApi {
  /** What is under way with each peer. */
  status(): GossipLinkStatus[]
  /** Tells of what peers have of this player's own feed; returns how to stop. Listeners must not throw. */
  onOwn(listener: (news: OwnNews) => void): () => void
}
