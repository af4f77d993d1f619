import type { EntryKey } from '../base/index.ts'
import { healFeed } from './heal.ts'
import { rebaseFeed } from './rebase.ts'
import type { Restored } from './restored.ts'
import type { Healed, Rebased, RewriteParts } from './rewrite.ts'

/** What an author does to its own feed besides adding to it. Every method rejects with CLOSED after close. */
export interface OwnFeed {
  /** The feed may be older than what others have of it: nothing is published on it (FEED_RESTORED) until `resume`. */
  readonly restored: boolean
  /** The feed is whole, or its owner says so. */
  resume(): Promise<void>
  /** The opposite: others may have newer entries of the feed. */
  doubt(): Promise<void>
  /**
   * Drops originals from the own feed, named by their keys or by those of entries that carry them: one synced step, after
   * which readers see the feed without them. What is ahead of the clock by more than 10 minutes is written anew.
   * @throws REBASE_UNKNOWN, REBASE_FOREIGN, REBASE_NOTHING, REBASE_STUCK, FEED_RESTORED, CLOCK_BEHIND_FEED, FEED_TOO_FORKED, STORE_WRITE
   */
  rebase(drop: ReadonlySet<EntryKey>): Promise<Rebased>
  /**
   * Publishes again what only losing branches of the own feed hold, keeps away what they have dropped, and names their
   * heads, so that nobody has to keep them. Writes nothing where there is nothing to do.
   * @throws FEED_RESTORED, CLOCK_BEHIND_FEED, FEED_TOO_FORKED, STORE_WRITE
   */
  heal(): Promise<Healed>
}

interface Init {
  readonly parts: RewriteParts
  readonly restored: Restored
  /** @throws MarmaladeError CLOSED */
  readonly assertOpen: () => void
}

/** The own feed of a store: one rewriting at a time, in turn with what is appended. */
export class OwnFeedOf implements OwnFeed {
  readonly #init: Init

  constructor(init: Init) {
    this.#init = init
  }

  get restored(): boolean {
    return this.#init.restored.pending
  }

  async resume(): Promise<void> {
    this.#init.assertOpen()
    await this.#init.restored.settle()
  }

  async doubt(): Promise<void> {
    this.#init.assertOpen()
    await this.#init.restored.doubt()
  }

  async rebase(drop: ReadonlySet<EntryKey>): Promise<Rebased> {
    return this.#rewrite((parts) => rebaseFeed(parts, drop))
  }

  async heal(): Promise<Healed> {
    return this.#rewrite(healFeed)
  }

  #rewrite<T>(rewrite: (parts: RewriteParts) => Promise<T>): Promise<T> {
    const { parts, restored, assertOpen } = this.#init
    assertOpen()
    restored.assertMayPublish()
    return parts.feeds.inTurn(parts.identity, () => rewrite(parts))
  }
}
