import type { PlayerId } from '../base/index.ts'

/** Dials under way: those of one player go on beside each other until the first of them comes to something. */
export class Dials<T> {
  readonly #groups = new Map<PlayerId, Group<T>>()

  /** Players who are being dialled. */
  get size(): number {
    return this.#groups.size
  }

  /** Resolves when none is under way. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#groups.values()].map(({ result }) => result))
  }

  /**
   * Dials those addresses that are not being dialled already. Resolves with what comes first of all that are under way to the
   * player, and rejects with what failed first where all do. `dial` aborts `over` when it has come to something.
   */
  join(
    player: PlayerId,
    addresses: readonly string[],
    dial: (fresh: readonly string[], over: AbortController) => Promise<T>,
  ): Promise<T> {
    const present = this.#groups.get(player)
    const group = present ?? new Group<T>(() => this.#groups.delete(player))
    const fresh = addresses.filter((address) => !group.addresses.has(address))
    if (fresh.length > 0) group.add(fresh, dial(fresh, group.over))
    this.#groups.set(player, group)
    return group.result
  }
}

class Group<T> {
  readonly addresses = new Set<string>()
  /** Aborted as soon as one of them came to something. */
  readonly over = new AbortController()
  readonly result: Promise<T>
  #resolve: (value: T) => void = () => undefined
  #reject: (error: unknown) => void = () => undefined
  readonly #onSettled: () => void
  readonly #errors: unknown[] = []
  #dialling = 0

  constructor(onSettled: () => void) {
    this.#onSettled = onSettled
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  add(addresses: readonly string[], dial: Promise<T>): void {
    for (const address of addresses) this.addresses.add(address)
    this.#dialling++
    dial.then(
      (value) => {
        this.#onSettled()
        this.#resolve(value)
      },
      (error: unknown) => {
        this.#errors.push(error)
        if (--this.#dialling > 0) return
        this.#onSettled()
        this.#reject(this.#errors[0])
      },
    )
  }
}
