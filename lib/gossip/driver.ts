import { setImmediate as nextTurn } from 'node:timers/promises'
import { hasCode } from '../base/index.ts'
import type { Clock, Millis, PlayerId } from '../base/index.ts'
import type { Entry, HeadPosition } from '../entry/index.ts'
import type { Change, Head, Ingested, Store } from '../store/types.ts'
import { GOSSIP_LIMITS, createGossip, needsTick, step } from './core.ts'
import type { GossipLimits, GossipState } from './core.ts'
import { FrameLink } from './outbox.ts'
import { samplePositions } from './sample.ts'
import { RUN_ENTRY_BYTES } from './wire.ts'
import type { Duplex, GossipEffect, GossipEvent, LinkId, Outcome } from './types.ts'

/** How often the core looks at what has not come, while there is such. */
const TICK_MS = 100
/** Entries read ahead for one run; as many as fit in a frame and are of ordinary size. */
const READ_LIMIT = 256
/** When a run that the store could not take is asked for again. */
const STORE_RETRY_MS: Millis = 5_000

export interface GossipComponents {
  readonly store: Store
  readonly clock: Clock
  /** Whether a peer may be told of a feed and served it; `reconsider` when its answers change. */
  mayServe(peer: PlayerId, feed: PlayerId): boolean
  /** Told of failures that nobody waits for: the store's, and peers that break the protocol. */
  onFault(message: string, detail: { readonly peer?: PlayerId; readonly cause?: unknown; readonly code?: string }): void
}

export interface GossipInit {
  /** 8 bytes in hex that change whenever the store may have lost something it announced. */
  readonly epoch: string
  readonly limits?: Partial<GossipLimits>
}

type EffectOf<T extends GossipEffect['type']> = Extract<GossipEffect, { type: T }>
/** An event without its time, kind by kind. */
type Timeless<E> = E extends GossipEvent ? Omit<E, 'now'> : never

/** What is under way with one peer. */
export interface GossipLinkStatus {
  readonly peer: PlayerId
  /** Feeds it is asked for, and feeds it asks for. */
  readonly asking: number
  readonly serving: number
  /** Entries it announced that are not here. */
  readonly owed: number
}

/** Drives the core over real links and a store. */
export class Gossip {
  readonly #components: GossipComponents
  readonly #state: GossipState
  readonly #links = new Map<LinkId, { readonly peer: PlayerId; readonly frames: FrameLink }>()
  /** The last job of each feed: runs of one feed reach the store in order. */
  readonly #jobs = new Map<PlayerId, Promise<void>>()
  readonly #stopListening: () => void
  #nextLink: LinkId = 1
  #ticking: NodeJS.Timeout | undefined
  #closed = false

  private constructor(components: GossipComponents, init: GossipInit) {
    this.#components = components
    const { epoch } = init
    const limits = { ...GOSSIP_LIMITS, ...init.limits }
    this.#state = createGossip({ epoch, limits, mayServe: (peer, feed) => components.mayServe(peer, feed) })
    this.#stopListening = components.store.onChange((change) => this.#changed(change))
  }

  /** Takes in the heads of the store; links may be added after. */
  static async open(components: GossipComponents, init: GossipInit): Promise<Gossip> {
    const gossip = new Gossip(components, init)
    for await (const head of components.store.heads()) gossip.#load(head)
    return gossip
  }

  /** Speaks gossip over a duplex call until either side ends it. Never rejects. */
  async link(peer: PlayerId, duplex: Duplex): Promise<void> {
    if (this.#closed) {
      duplex.end()
      return
    }
    const link = this.#nextLink++
    const frames = new FrameLink(duplex, (bytes) => this.#step({ type: 'sent', link, bytes }))
    this.#links.set(link, { peer, frames })
    this.#step({ type: 'connected', link, peer })
    await frames.run((bytes) => this.#step({ type: 'received', link, bytes }))
    this.#links.delete(link)
    this.#step({ type: 'disconnected', link })
  }

  /** Draws a feed from whoever has it, from now on or no more; of one that is wanted, `most` entries at most. */
  track(identity: PlayerId, wanted: 'wanted' | 'unwanted', most = Infinity): void {
    this.#step({ type: 'tracked', identity, on: wanted === 'wanted', most })
  }

  /** What the peer may be served has changed. */
  reconsider(peer: PlayerId): void {
    this.#step({ type: 'reconsider', peer })
  }

  status(): GossipLinkStatus[] {
    return [...this.#state.links.values()].map((link) => {
      let owed = 0
      for (const [identity, head] of link.heard) {
        if (this.#state.feeds.has(identity))
          owed += Math.max(0, head.count - (this.#state.heads.get(identity)?.count ?? 0))
      }
      return { peer: link.peer, asking: link.asks.size, serving: link.serves.size, owed }
    })
  }

  /** Ends every link and waits for runs that the store has in hand. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    this.#stopListening()
    clearTimeout(this.#ticking)
    for (const { frames } of this.#links.values()) frames.close()
    await Promise.all(this.#jobs.values())
  }

  #load(head: Head): void {
    if (!this.#state.heads.has(head.identity)) this.#step({ type: 'changed', head })
  }

  #changed({ head, entries, changeover }: Change): void {
    this.#step({
      type: 'changed',
      head,
      ...(changeover ? { changeover: { ancestor: changeover.ancestor } } : { entries }),
    })
  }

  #step(event: Timeless<GossipEvent>): void {
    if (this.#closed) return
    for (const effect of step(this.#state, { ...event, now: this.#components.clock.monotonic() })) this.#perform(effect)
    if (!this.#ticking && needsTick(this.#state)) this.#ticking = setTimeout(() => this.#tick(), TICK_MS)
  }

  #tick(): void {
    this.#ticking = undefined
    this.#step({ type: 'tick' })
  }

  #perform(effect: GossipEffect): void {
    switch (effect.type) {
      case 'send':
        this.#links.get(effect.link)?.frames.send(effect.bytes)
        return
      case 'close':
        this.#end(effect)
        return
      case 'ingest':
        this.#ingest(effect)
        return
      case 'find':
        this.#answer(effect, this.#find(effect))
        return
      case 'read':
        this.#answer(effect, this.#read(effect))
        return
      case 'sample':
        this.#answer(effect, this.#sample(effect))
    }
  }

  #end({ link, code }: EffectOf<'close'>): void {
    const ended = this.#links.get(link)
    if (!ended) return
    if (code !== 'bye') this.#components.onFault('gossip with a peer was ended', { peer: ended.peer, code })
    ended.frames.close()
  }

  /** Steps on with what a look into the store gave; a store that fails ends the link, which is opened anew later. */
  #answer(effect: { readonly link: LinkId }, work: Promise<Timeless<GossipEvent>>): void {
    work.then(
      (event) => this.#step(event),
      (cause: unknown) => {
        if (!hasCode(cause, 'CLOSED')) this.#components.onFault('the store could not be read for gossip', { cause })
        this.#links.get(effect.link)?.frames.close()
      },
    )
  }

  async #find({ link, stream, turn, identity, positions }: EffectOf<'find'>): Promise<Timeless<GossipEvent>> {
    let at: HeadPosition | undefined
    for (const position of positions) {
      if (!(await this.#components.store.has(identity, position))) continue
      at = position
      break
    }
    return { type: 'found', link, stream, turn, at }
  }

  /** Entries right after a position, each the child of the one before; none where the chain has changed meanwhile. */
  async #read({ link, stream, turn, identity, after, maxBytes }: EffectOf<'read'>): Promise<Timeless<GossipEvent>> {
    const range = { limit: READ_LIMIT, ...(after && { after: after.comparable }) }
    const entries: Entry[] = []
    let parent = after?.key ?? null
    let bytes = 0
    for await (const entry of this.#components.store.read(identity, range)) {
      bytes += RUN_ENTRY_BYTES + entry.bytes.length
      if (entry.parent !== parent || bytes > maxBytes) break
      entries.push(entry)
      parent = entry.key
    }
    return { type: 'run', link, stream, turn, entries }
  }

  async #sample({ link, stream, identity }: EffectOf<'sample'>): Promise<Timeless<GossipEvent>> {
    return { type: 'sampled', link, stream, points: await samplePositions(this.#components.store, identity) }
  }

  /** Hands a run to the store after those of the same feed before it; other events have their turn in between. */
  #ingest(effect: EffectOf<'ingest'>): void {
    const { link, stream, identity, bytes } = effect
    const job = (this.#jobs.get(identity) ?? Promise.resolve()).then(async () => {
      const outcome = this.#closed ? ({ kind: 'known' } as const) : await this.#take(effect)
      this.#step({ type: 'ingested', link, stream, identity, bytes, outcome })
      await nextTurn()
    })
    this.#jobs.set(identity, job)
    void job.finally(() => {
      if (this.#jobs.get(identity) === job) this.#jobs.delete(identity)
    })
  }

  async #take({ link, identity, entries, announced }: EffectOf<'ingest'>): Promise<Outcome> {
    try {
      const { comparable, key } = announced
      const ingested = await this.#components.store.ingest(identity, entries, { comparable, key })
      return this.#judge(ingested, this.#links.get(link)?.peer)
    } catch (cause) {
      if (!hasCode(cause, 'CLOSED')) this.#components.onFault('the store could not take a run', { cause })
      return { kind: 'held', retryIn: STORE_RETRY_MS }
    }
  }

  #judge(ingested: Ingested, peer: PlayerId | undefined): Outcome {
    // The store keeps what is held; whoever looks after feeds hands it in again when it is due.
    if (ingested.kind === 'held') {
      return { kind: 'held', retryIn: Math.max(TICK_MS, (ingested.due - this.#components.clock.micros()) / 1_000) }
    }
    const fault = ingested.kind === 'refused' ? ingested : ingested.stop
    if (fault) {
      const code = fault.code
      if (code !== 'FEED_GAP')
        this.#components.onFault('a peer sent a run that breaks a rule', { ...(peer && { peer }), code })
      return { kind: 'refused', orphan: code === 'FEED_GAP' }
    }
    if (ingested.kind === 'staged') return { kind: 'staged', tail: ingested.tail }
    return { kind: ingested.kind === 'adopted' ? 'adopted' : 'known' }
  }
}
