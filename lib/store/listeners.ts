/** Who wants to be told. One that throws does not keep the others, or the teller, from going on. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>()

  /** Gives how to stop. The same function added twice is told twice. */
  add(listener: (value: T) => void): () => void {
    const own = (value: T): void => listener(value)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  tell(value: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(value)
      } catch (error) {
        // Surfaces as an uncaught error of the listener's own making.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  clear(): void {
    this.#listeners.clear()
  }
}
