import type { Micros, Millis, PlayerId } from '../../lib/base/index.ts'
import type { GossipEffect, GossipEvent } from '../../lib/gossip/index.ts'
import type { Question, Timeless } from '../../lib/gossip/looks.ts'
import { look } from './looks.ts'
import type { Random } from './random.ts'
import type { SimStore } from './store.ts'

/** How often a core that needs it is told the time. */
export const TICK: Millis = 100

interface Init {
  readonly identity: PlayerId
  readonly store: SimStore
  /** The longest that the store takes for an answer. */
  readonly delay: Millis
  readonly random: Random
  readonly now: () => Millis
  readonly micros: () => Micros
  /** In this life of the node, if it lasts so long. */
  readonly later: (delay: Millis, run: () => void) => void
  /** Tells the core. */
  readonly step: (event: Timeless<GossipEvent>) => void
  /** The own feed has been staged: it is looked at. */
  readonly look: () => void
}

/** What a node's core asks of its store, and when it is answered. */
export class StoreDesk {
  readonly #init: Init
  readonly #freeAt = new Map<PlayerId, Millis>()
  #dueAt: Micros | undefined

  constructor(init: Init) {
    this.#init = init
  }

  /** The node has ended: what was asked comes to nothing. */
  forget(): void {
    this.#dueAt = undefined
    this.#freeAt.clear()
  }

  /** The store's answers come a little later; runs of one feed are taken in order. */
  ingest({ link, stream, identity, entries, announced, bytes }: Extract<GossipEffect, { type: 'ingest' }>): void {
    const { store, delay, random, later, step, look } = this.#init
    const now = this.#init.now()
    const free = Math.max(now, this.#freeAt.get(identity) ?? 0)
    const due = free + 0.01 + random.next() * delay
    this.#freeAt.set(identity, due)
    later(due - now, () => {
      const { comparable, key } = announced
      const outcome = store.ingest(identity, entries, { comparable, key })
      step({ type: 'ingested', link, stream, identity, bytes, outcome })
      if (identity === this.#init.identity && outcome.kind === 'staged') look()
      this.#watchHeld()
    })
  }

  /** Hands in what is held when its time comes. */
  #watchHeld(): void {
    const { store, micros, later } = this.#init
    const due = store.nextDue()
    if (due === undefined || due === this.#dueAt) return
    this.#dueAt = due
    later(Math.max(TICK, (due - micros()) / 1_000), () => {
      this.#dueAt = undefined
      store.releaseDue()
      this.#watchHeld()
    })
  }

  /** Looked up early or late: a changeover in between has to be noticed by its turn. */
  answer(question: Question): void {
    const { store, random, delay, later, step } = this.#init
    const wait = random.next() * delay
    const found = random.chance(0.5) ? look(store, question) : undefined
    later(wait, () => step(found ?? look(store, question)))
  }
}
