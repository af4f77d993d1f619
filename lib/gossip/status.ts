import type { PlayerId } from '../base/index.ts'
import type { GossipState } from './core.ts'
import type { Link } from './state.ts'

/** What is under way with one peer. */
export interface GossipLinkStatus {
  readonly peer: PlayerId
  /** Feeds it is asked for, and feeds it asks for. */
  readonly asking: number
  readonly serving: number
  /** Tracked feeds of which it announced more than is here, and the entries they lack, as far as it says. */
  readonly owedFeeds: number
  readonly owedEntries: number
  /** Bytes of frames that came from it and that left for it on this link. */
  readonly bytesIn: number
  readonly bytesOut: number
}

/** Counts what a peer owes: a look at each head that it announced. */
export function statusOf(
  state: GossipState,
  link: Link,
  frames: { readonly bytesIn: number; readonly bytesOut: number } | undefined,
): GossipLinkStatus {
  let owedFeeds = 0
  let owedEntries = 0
  for (const [identity, head] of link.heard) {
    if (!state.feeds.has(identity)) continue
    const lacking = head.count - (state.heads.get(identity)?.count ?? 0)
    if (lacking <= 0) continue
    owedFeeds++
    owedEntries += lacking
  }
  const { peer, asks, serves } = link
  const { bytesIn = 0, bytesOut = 0 } = frames ?? {}
  return { peer, asking: asks.size, serving: serves.size, owedFeeds, owedEntries, bytesIn, bytesOut }
}
