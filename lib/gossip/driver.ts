import type { Clock, Millis, PlayerId } from '../base/index.ts'
import type { HeadPosition } from '../entry/index.ts'
import type { Change, Changed, Store } from '../store/types.ts'
import { ReadAhead } from './ahead.ts'
import { GOSSIP_LIMITS, createGossip, needsTick, remember, restore, step } from './core.ts'
import type { GossipLimits, GossipState } from './core.ts'
import { holdersOf, isAnswered } from './inquiry.ts'
import { Intake } from './intake.ts'
import { readRemembered, writeRemembered } from './kept.ts'
import type { GossipMemory } from './kept.ts'
import { answer, isClosing } from './looks.ts'
import type { Question, Timeless } from './looks.ts'
import { isNews, judge } from './judge.ts'
import { statusOf } from './status.ts'
import type { GossipLinkStatus } from './status.ts'
import type { Duplex, GossipEffect, GossipEvent, Outcome } from './types.ts'
import { Calls, Pace } from '../wire/index.ts'
import { Waiters } from './waiters.ts'
import { isRun } from './wire.ts'

/** How often the core looks at what has not come, while there is such. */
const TICK_MS = 100
/** How long peers are waited for that are asked what they have of a feed. */
const ANSWER_MS: Millis = 5_000
/** When a run that the store could not take is asked for again. */
const STORE_RETRY_MS: Millis = 5_000
/** Frames that carry no entries, of one peer: so many at once, then so many a second. Runs are bounded by credit. */
const FRAMES = { burst: 12_000, perSecond: 2_000, weigh: (bytes: Uint8Array) => (isRun(bytes) ? 0 : 1) }

export interface GossipComponents {
  readonly store: Store
  readonly clock: Clock
  /** Whether a peer may be told of a feed and served it; `reconsider` when its answers change. */
  mayServe(peer: PlayerId, feed: PlayerId): boolean
  /** Told of failures that nobody waits for: the store's, and peers that break the protocol. */
  onFault(message: string, detail: { readonly peer?: PlayerId; readonly cause?: unknown; readonly code?: string }): void
  /** A peer has brought so many bytes of what was asked of it and was new. */
  onBrought?(peer: PlayerId, bytes: number): void
  /** What peers told and were told, for the next run; without it every run begins with full exchanges. */
  readonly memory?: GossipMemory
}

export interface GossipInit {
  /** 8 bytes in hex, others in every run of the node. */
  readonly epoch: string
  readonly limits?: Partial<GossipLimits>
}

type EffectOf<T extends GossipEffect['type']> = Extract<GossipEffect, { type: T }>
/** What the core asks besides frames. */
type OwnEffect = Exclude<GossipEffect, { type: 'send' | 'close' }>

/** Drives the core over real links and a store. */
export class Gossip {
  readonly #components: GossipComponents
  readonly #state: GossipState
  readonly #calls: Calls<Timeless<GossipEvent>, OwnEffect>
  readonly #ahead: ReadAhead
  readonly #intake: Intake<EffectOf<'ingest'>>
  readonly #waiters = new Waiters()
  readonly #stopListening: () => void
  #closing: Promise<void> | undefined

  private constructor(components: GossipComponents, init: GossipInit) {
    this.#components = components
    this.#ahead = new ReadAhead(components.store)
    this.#intake = new Intake({ now: () => components.clock.monotonic(), take: (runs) => this.#ingest(runs) })
    const { epoch } = init
    const { identity: self, sequence } = components.store
    const limits = { ...GOSSIP_LIMITS, ...init.limits }
    const mayServe = (peer: PlayerId, feed: PlayerId): boolean => components.mayServe(peer, feed)
    this.#state = createGossip({ epoch, self, sequence, limits, mayServe })
    this.#calls = new Calls({
      clock: components.clock,
      tickEvery: TICK_MS,
      step: (event, now) => {
        const effects = step(this.#state, { ...event, now })
        this.#waiters.look()
        return effects
      },
      needsTick: () => needsTick(this.#state),
      perform: (effect) => this.#perform(effect),
      pace: () => new Pace({ ...FRAMES, now: () => components.clock.monotonic() }),
      onEnded: (peer, code) => components.onFault('gossip with a peer was ended', { peer, code }),
      onFault: (cause, peer) => components.onFault('a step of gossip has failed', { ...(peer && { peer }), cause }),
    })
    this.#stopListening = components.store.onChange((change) => this.#changed(change))
  }

  /** Takes in the heads of the store and what an earlier run remembered; feeds and links may be added after. */
  static async open(components: GossipComponents, init: GossipInit): Promise<Gossip> {
    const gossip = new Gossip(components, init)
    for await (const changed of components.store.changedSince(0)) gossip.#load(changed)
    await gossip.#restore()
    return gossip
  }

  /** Speaks gossip over a duplex call until either side ends it. Never rejects. */
  link(peer: PlayerId, duplex: Duplex): Promise<void> {
    return this.#calls.speak(peer, duplex)
  }

  /** Draws a feed from whoever has it, from now on or no more; of one that is wanted, `most` entries at most. */
  track(identity: PlayerId, wanted: 'wanted' | 'unwanted', most = Infinity): void {
    this.#step({ type: 'tracked', identity, on: wanted === 'wanted', most })
  }

  /** What the peer may be served has changed: of these feeds, or of any. */
  reconsider(peer: PlayerId, feeds?: Iterable<PlayerId>): void {
    this.#step({ type: 'reconsider', peer, ...(feeds && { feeds }) })
  }

  /** A feed has been deleted from the store: it is drawn anew, where it is tracked. */
  forget(identity: PlayerId): void {
    this.#ahead.forget(identity)
    this.#step({ type: 'forgotten', identity })
  }

  /** Connected peers that said on their link that they have a feed up to a head, or further. */
  holders(identity: PlayerId, head: HeadPosition): PlayerId[] {
    return holdersOf(this.#state, identity, head)
  }

  /**
   * The same. Where none has said so all are asked anew, and the first that has it is waited for, or the answers of all,
   * but no longer than 5 s.
   */
  async askHolders(identity: PlayerId, head: HeadPosition): Promise<PlayerId[]> {
    const known = (): PlayerId[] => this.holders(identity, head)
    if (known().length > 0) return known()
    this.#step({ type: 'inquired', identity, on: true })
    const isOver = (): boolean => this.#calls.closed || known().length > 0 || isAnswered(this.#state, identity)
    await this.#waiters.until(isOver, ANSWER_MS)
    this.#step({ type: 'inquired', identity, on: false })
    return known()
  }

  /** What is under way with each peer. */
  status(): GossipLinkStatus[] {
    return [...this.#state.links.values()].map((link) => statusOf(this.#state, link, this.#calls.trafficOf(link.id)))
  }

  /** Ends every link, waits for runs that the store has in hand, and keeps what is remembered. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#stopListening()
    const remembered = remember(this.#state)
    this.#calls.close()
    this.#waiters.look()
    await this.#intake.idle()
    const { memory, store } = this.#components
    try {
      await memory?.save(writeRemembered(store.epoch, remembered))
    } catch (cause) {
      this.#components.onFault('what peers were told could not be kept', { cause })
    }
  }

  async #restore(): Promise<void> {
    const { memory, store } = this.#components
    try {
      const text = await memory?.load()
      const remembered = text === undefined ? undefined : readRemembered(store.epoch, text)
      if (remembered) restore(this.#state, remembered)
    } catch (cause) {
      this.#components.onFault('what peers were told before could not be read', { cause })
    }
  }

  #load({ sequence, head }: Changed): void {
    if (!this.#state.heads.has(head.identity)) this.#step({ type: 'changed', head, sequence })
  }

  #changed({ head, entries, changeover, sequence }: Change): void {
    if (changeover) this.#ahead.forget(head.identity)
    this.#calls.tell({
      type: 'changed',
      head,
      ...(sequence !== undefined && { sequence }),
      ...(changeover ? { changeover: { ancestor: changeover.ancestor } } : { entries }),
    })
  }

  #step(event: Timeless<GossipEvent>): void {
    this.#calls.step(event)
  }

  #perform(effect: OwnEffect): void {
    if (effect.type === 'ingest') this.#intake.add(effect)
    else this.#answer(effect)
  }

  /** Steps on with what a look into the store gave; a store that fails ends the link, which is opened anew later. */
  #answer(question: Question): void {
    answer(this.#components.store, this.#ahead, question).then(
      (event) => this.#calls.tell(event, question.link),
      (cause: unknown) => {
        if (!isClosing(cause)) this.#components.onFault('the store could not be read for gossip', { cause })
        this.#calls.hangUp(question.link)
      },
    )
  }

  /** Runs of one stream go into the store as one; each is answered by itself. */
  async #ingest(runs: readonly EffectOf<'ingest'>[]): Promise<void> {
    const outcome = this.#calls.closed ? ({ kind: 'known' } as const) : await this.#take(runs)
    const peer = runs[0] && this.#calls.peerOf(runs[0].link)
    if (peer && isNews(outcome))
      this.#components.onBrought?.(
        peer,
        runs.reduce((sum, { bytes }) => sum + bytes, 0),
      )
    for (const { link, stream, identity, bytes } of runs)
      this.#calls.tell({ type: 'ingested', link, stream, identity, bytes, outcome }, link)
  }

  async #take(runs: readonly EffectOf<'ingest'>[]): Promise<Outcome> {
    const last = runs.at(-1)
    if (!last) return { kind: 'known' }
    const { link, identity, announced } = last
    try {
      const { comparable, key } = announced
      const entries = runs.flatMap((run) => run.entries)
      const ingested = await this.#components.store.ingest(identity, entries, { comparable, key })
      const { outcome, fault } = judge(ingested, this.#components.clock.micros())
      const peer = this.#calls.peerOf(link)
      if (fault !== undefined)
        this.#components.onFault('a peer sent a run that breaks a rule', { ...(peer && { peer }), code: fault })
      return outcome
    } catch (cause) {
      if (!isClosing(cause)) this.#components.onFault('the store could not take a run', { cause })
      return { kind: 'held', retryIn: STORE_RETRY_MS }
    }
  }
}
