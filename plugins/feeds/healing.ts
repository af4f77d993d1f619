import type { Clock, EntryKey, Millis } from '../../lib/base/index.ts'
import { HEAL_NOTHING, watchForks, type HealWatch } from '../../lib/feed/index.ts'
import type { Log } from '../../lib/host/index.ts'
import type { HeadPosition } from '../../lib/entry/index.ts'
import type { Healed, Store } from '../../lib/store/index.ts'
import type { Health } from './contract.ts'
import { wordsOf } from './words.ts'

/** Losing heads of one's own feed that are waited with at most: the store keeps a few more. */
export const MOST_LOST = 32
/** What others were asked and have not delivered yet: this many heads are remembered. */
const MAX_AWAITED = 64

export interface HealingInit {
  readonly store: Store
  readonly clock: Clock
  /** In [0, 1): no two copies of a key may draw alike. */
  readonly random: () => number
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>
}

/** Keeps one's own feed whole: what was written on another machine with the same key, or before a backup was put back. */
export class Healing {
  readonly #init: HealingInit
  #watch: HealWatch = HEAL_NOTHING
  #lost: readonly EntryKey[] = []
  #since: { at: Millis; entries: number; branches: number; dropped: number; stuck: number } | undefined
  /** Heads of one's own feed that others say they have. */
  readonly #awaited = new Map<EntryKey, HeadPosition>()
  #told = false

  constructor(init: HealingInit) {
    this.#init = init
  }

  /** Looks whether there is anything to heal, and does so when it is time. To be called about once a second. */
  async look(): Promise<void> {
    const { store, clock, random } = this.#init
    if (store.own.restored) {
      this.#tellRestored()
      await this.#arrived()
      return
    }
    const lost = await store.lost(store.identity)
    this.#lost = lost.map(({ key }) => key)
    const { watch, heal } = watchForks(this.#watch, {
      now: clock.monotonic(),
      lost: this.#lost,
      random,
      most: MOST_LOST,
    })
    this.#watch = watch
    if (heal) this.#healed(await store.own.heal())
  }

  /** A peer has answered which head of our own feed it has; without one it knows nothing of us, which is no answer. */
  async answered(head: HeadPosition | undefined): Promise<void> {
    if (!head || !this.#init.store.own.restored) return
    this.#awaited.set(head.key, head)
    // Peers that invent heads push out only one another's: an honest answer comes again.
    const [oldest] = this.#awaited.keys()
    if (this.#awaited.size > MAX_AWAITED && oldest !== undefined) this.#awaited.delete(oldest)
    await this.#arrived()
  }

  /** The owner says that nothing is lacking. */
  async insist(): Promise<void> {
    if (!this.#init.store.own.restored) return
    await this.#init.store.own.resume()
    this.#init.log.warn({}, 'the owner has resumed a feed that no peer has confirmed')
  }

  /** How one's own feed is, for its owner. */
  health(): Health {
    const health = {
      restored: this.#init.store.own.restored,
      lost: this.#lost.length,
      ...(this.#since && { healed: { ...this.#since, at: this.#since.at } }),
    }
    return { ...health, words: wordsOf(health) }
  }

  /** Where what a peer has is here, the feed is as new as that peer's: it may be written to. */
  async #arrived(): Promise<void> {
    const { store, log } = this.#init
    const head = await store.head(store.identity)
    for (const { key, comparable } of this.#awaited.values()) {
      const here =
        (head !== undefined && head.comparable > comparable) ||
        (await store.get(key, 'anywhere', store.identity)) !== undefined
      if (!here) continue
      this.#awaited.clear()
      await store.own.resume()
      log.info({ entries: head?.count ?? 0 }, 'a peer has answered: this feed is whole and goes on')
      return
    }
  }

  #tellRestored(): void {
    if (this.#told) return
    this.#told = true
    for (const text of wordsOf({ restored: true, lost: 0 })) this.#init.log.warn({}, text)
  }

  #healed({ kept, dropped, named, stuck }: Healed): void {
    this.#lost = []
    if (kept + dropped.length + named.length + stuck === 0) return
    const before = this.#since ?? { at: 0, entries: 0, branches: 0, dropped: 0, stuck: 0 }
    this.#since = {
      at: this.#init.clock.micros() / 1_000,
      entries: before.entries + kept,
      branches: before.branches + named.length,
      dropped: before.dropped + dropped.length,
      stuck,
    }
    const healed = { at: 0, entries: kept, branches: named.length, dropped: dropped.length, stuck }
    for (const text of wordsOf({ restored: false, lost: 0, healed })) this.#init.log.warn({ kept }, text)
  }
}
