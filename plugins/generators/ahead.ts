import type { BlobId } from '../../lib/base/index.ts'

/** Archives that wait to be fetched ahead; past it the oldest wish goes. */
const MAX_WAITING = 1_000
const AT_ONCE = 2

/** Fetches archives of tracked players before anybody asks for them to be played, a few at a time. */
export class Ahead {
  readonly #fetch: (archive: BlobId) => Promise<void>
  readonly #waiting = new Set<BlobId>()
  readonly #running = new Set<Promise<void>>()
  #stopped = false

  /** @param fetch must not reject */
  constructor(fetch: (archive: BlobId) => Promise<void>) {
    this.#fetch = fetch
  }

  want(archive: BlobId): void {
    if (this.#stopped) return
    this.#waiting.add(archive)
    const [oldest] = this.#waiting
    if (this.#waiting.size > MAX_WAITING && oldest) this.#waiting.delete(oldest)
    this.#next()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#waiting.clear()
    await Promise.allSettled(this.#running)
  }

  #next(): void {
    while (this.#running.size < AT_ONCE) {
      const [archive] = this.#waiting
      if (archive === undefined) return
      this.#waiting.delete(archive)
      const running = this.#fetch(archive).finally(() => {
        this.#running.delete(running)
        this.#next()
      })
      this.#running.add(running)
    }
  }
}
