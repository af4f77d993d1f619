import type { GossipLinkStatus } from '../../lib/gossip/index.ts'

/** What other plugins reach of gossip. */
export interface GossipApi {
  /** What is under way with each peer. */
  status(): GossipLinkStatus[]
}
