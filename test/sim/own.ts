import type { Millis } from '../../lib/base/index.ts'
import { hasCode } from '../../lib/base/index.ts'
import type { Entry, HeadPosition, Payload } from '../../lib/entry/index.ts'
import { HEAL_NOTHING, watchForks } from '../../lib/feed/index.ts'
import type { HealWatch } from '../../lib/feed/index.ts'
import { losingHeads, planHealing } from './healing.ts'
import type { Random } from './random.ts'
import type { SimIdentity } from './signing.ts'
import type { SimStore } from './store.ts'

/** Losing heads that are not waited with: as many as are kept. */
const MOST_LOST = 8

export interface OwnFeedParts {
  readonly identity: SimIdentity
  readonly store: SimStore
  readonly random: Random
  readonly now: () => Millis
  /** Runs in this life of the node, if it lasts so long. */
  readonly later: (delay: Millis, run: () => void) => void
}

/** What a node does about its own feed, as plugins/feeds does: writes, heals forks, and after a restore waits for a peer. */
export class OwnFeed {
  /** Entries written to heal forks. */
  healed = 0
  /** After its home was put back: it does not publish until what a peer has of it is here. */
  silent = false
  readonly #parts: OwnFeedParts
  #forks: HealWatch = HEAL_NOTHING
  /** Heads that peers say they have. */
  #awaited: HeadPosition[] = []

  constructor(parts: OwnFeedParts) {
    this.#parts = parts
  }

  /** Whether it waits for the time to heal. */
  get healing(): boolean {
    return this.#forks.due !== undefined
  }

  /** Undefined where it may not write yet, or the clock is too far behind the feed. */
  append(payload: Payload): Entry | undefined {
    return this.silent ? undefined : this.#write(() => this.#parts.store.append(payload))
  }

  /** A peer has said which head of this feed it has; who has none knows nothing of it, which is no answer. */
  answered(head: HeadPosition | undefined): void {
    if (!head || !this.silent) return
    this.#awaited.push(head)
    this.look()
  }

  /** Something of the feed may have come, in the feed or in a branch of it. */
  look(): void {
    const { store, identity, random, now, later } = this.#parts
    if (this.silent && !this.#hasArrived()) return
    this.silent = false
    this.#awaited = []
    const lost = losingHeads(store.state(identity.id)).map(({ key }) => key)
    const looked = watchForks(this.#forks, { now: now(), lost, random: () => random.next(), most: MOST_LOST })
    this.#forks = looked.watch
    if (looked.heal) this.#heal()
    else if (looked.watch.due !== undefined)
      later(looked.watch.due - now(), () => this.#forks === looked.watch && this.look())
  }

  /** The process ends. */
  forget(): void {
    this.#forks = HEAL_NOTHING
    this.#awaited = []
  }

  /** Whether all is here that some peer has. */
  #hasArrived(): boolean {
    const { store, identity } = this.#parts
    const own = store.head(identity.id)?.comparable ?? 0
    return this.#awaited.some((head) => own > head.comparable || store.keeps(head))
  }

  #heal(): void {
    const { store, identity } = this.#parts
    const plan = planHealing(store.state(identity.id))
    if (!plan) return
    this.healed += plan.wanted.length
    this.#write(() => store.publish(plan.anchor, plan.wanted))
  }

  #write<T>(work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      if (hasCode(error, 'CLOCK_BEHIND_FEED')) return undefined
      throw error
    }
  }
}
