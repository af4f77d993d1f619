import { performance } from 'node:perf_hooks'
import type { Clock, PlayerId } from '../../lib/base/index.ts'
import type { HeadPosition } from '../../lib/entry/index.ts'
import { GOSSIP_VERSION, Gossip } from '../../lib/gossip/index.ts'
import type { GossipLimits } from '../../lib/gossip/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import type { Store } from '../../lib/store/index.ts'
import { duplexPair } from './duplex.ts'
import { overriding } from './overriding.ts'
import type { DuplexPair } from './duplex.ts'
import { temporaryStore } from './stores.ts'

export const realClock: Clock = {
  micros: () => Math.floor((performance.timeOrigin + performance.now()) * 1000),
  monotonic: () => performance.now(),
}

const NOTHING = '00'.repeat(8)
/** What a peer says first that remembers nothing. */
export const GOSSIP_HELLO = {
  type: 'hello',
  version: GOSSIP_VERSION,
  epoch: '22'.repeat(8),
  knownEpoch: NOTHING,
  knownSequence: 0,
  knownOffer: NOTHING,
} as const

/** A store with gossip over it, without a host. */
export interface GossipNode {
  readonly identity: Identity
  readonly store: Store
  readonly gossip: Gossip
  /** Called after each run that gossip handed to the store, whether or not the feed has a new head. */
  readonly onTaken: Set<() => void>
  readonly faults: { readonly message: string; readonly code?: string; readonly cause?: unknown }[]
  close(): Promise<void>
}

export interface GossipNodeInit {
  readonly tracked?: readonly PlayerId[]
  readonly mayServe?: (peer: PlayerId, feed: PlayerId) => boolean
  readonly limits?: Partial<GossipLimits>
  readonly clock?: Clock
}

export async function gossipNode(identity: Identity, init: GossipNodeInit = {}): Promise<GossipNode> {
  const { tracked = [], mayServe = () => true, limits = {}, clock = realClock } = init
  const store = await temporaryStore(identity, clock)
  const faults: GossipNode['faults'] = []
  const onTaken = new Set<() => void>()
  const telling = overriding(store, {
    ingest: async (...run) => {
      const ingested = await store.ingest(...run)
      for (const listener of onTaken) listener()
      return ingested
    },
  })
  const gossip = await Gossip.open(
    { store: telling, clock, mayServe, onFault: (message, detail) => faults.push({ message, ...detail }) },
    { epoch: '0102030405060708', limits },
  )
  for (const player of [identity.id, ...tracked]) gossip.track(player, 'wanted')
  return {
    identity,
    store,
    gossip,
    onTaken,
    faults,
    async close() {
      await gossip.close()
      await store.remove()
    },
  }
}

/** Links two nodes; `ended` resolves when both sides have noticed the end. */
export function linkNodes(a: GossipNode, b: GossipNode): DuplexPair & { readonly ended: Promise<unknown> } {
  const pair = duplexPair()
  const ended = Promise.all([a.gossip.link(b.identity.id, pair.a), b.gossip.link(a.identity.id, pair.b)])
  return Object.assign(pair, { ended })
}

/** Resolves once the store's head of a feed is this one. */
export function untilHead(store: Store, identity: PlayerId, head: HeadPosition): Promise<void> {
  return untilStore(store, async () => (await store.head(identity))?.key === head.key)
}

/** Resolves once a condition on the store holds, looked at after every change. */
export async function untilStore(store: Store, holds: () => Promise<boolean>): Promise<void> {
  let stop: () => void = () => undefined
  await new Promise<void>((resolve, reject) => {
    const look = (): void => void holds().then((yes) => yes && resolve(), reject)
    stop = store.onChange(look)
    look()
  })
  stop()
}

/** Resolves once a condition on a node's store holds, looked at after every run, also one that loses. */
export async function untilTaken({ onTaken }: GossipNode, holds: () => Promise<boolean>): Promise<void> {
  let look: () => void = () => undefined
  await new Promise<void>((resolve, reject) => {
    look = () => void holds().then((yes) => yes && resolve(), reject)
    onTaken.add(look)
    look()
  })
  onTaken.delete(look)
}
