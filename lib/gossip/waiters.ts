import type { Millis } from '../base/index.ts'

/** Those who wait for something that peers say. */
export class Waiters {
  readonly #waiting = new Set<() => void>()

  /** Something has happened: each looks whether it is what it waits for. */
  look(): void {
    for (const look of this.#waiting) look()
  }

  /** Resolves once `isOver` holds, asked whenever something has happened, or when the time is up. */
  until(isOver: () => boolean, most: Millis): Promise<void> {
    if (isOver()) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve()
      }
      const look = (): void => {
        if (isOver()) end()
      }
      const timer = setTimeout(end, most)
      this.#waiting.add(look)
    })
  }
}
