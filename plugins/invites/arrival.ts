import { once } from 'node:events'
import type { Micros, PlayerId } from '../../lib/base/index.ts'
import type { FeedsApi } from '../feeds/index.ts'

/** Waits until a feed is here as far as its author said that it goes, and directory and follows know what it says. */
export class Arrival {
  readonly #come = new AbortController()
  readonly #stop: () => void
  /** The comparable up to which it is here. */
  #here: Micros
  #wanted: Micros = Infinity

  private constructor(feeds: FeedsApi, player: PlayerId, here: Micros) {
    this.#here = here
    this.#stop = feeds.onFolded(({ head }) => {
      if (head.identity === player) this.#reached(head.comparable)
    })
  }

  /** From now on; to be closed. */
  static async of(feeds: FeedsApi, player: PlayerId): Promise<Arrival> {
    return new Arrival(feeds, player, (await feeds.store.head(player))?.comparable ?? 0)
  }

  /** Resolves when the entry at that comparable, or one after it, is here, or when the signal aborts. */
  async upTo(comparable: Micros, signal: AbortSignal): Promise<void> {
    this.#wanted = comparable
    this.#reached(this.#here)
    const { signal: come } = this.#come
    const over = AbortSignal.any([come, signal])
    if (!over.aborted) await once(over, 'abort')
  }

  close(): void {
    this.#stop()
  }

  #reached(comparable: Micros): void {
    this.#here = Math.max(this.#here, comparable)
    if (this.#here >= this.#wanted) this.#come.abort()
  }
}
