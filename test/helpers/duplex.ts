import { MarmaladeError } from '../../lib/base/index.ts'
import type { Duplex } from '../../lib/gossip/index.ts'

/** Bytes that may be under way in one direction before `push` waits. */
const ROOM = 262_144

/** One direction of a link in memory: what waits is bounded as lib/host bounds it. */
class Pipe {
  readonly #items: Uint8Array[] = []
  #bytes = 0
  /** The most bytes that ever waited. */
  most = 0
  #ended = false
  #failed = false
  readonly #wakers = new Set<() => void>()

  async push(bytes: Uint8Array): Promise<void> {
    while (this.#bytes >= ROOM && !this.#failed && !this.#ended) await this.#change()
    if (this.#failed || this.#ended) throw new MarmaladeError('CANCELLED', 'the link has ended')
    this.#items.push(bytes.slice())
    this.#bytes += bytes.length
    this.most = Math.max(this.most, this.#bytes)
    this.#wake()
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  /** As when a cable is pulled: what is under way is lost. */
  cut(): void {
    this.#failed = true
    this.#items.length = 0
    this.#wake()
  }

  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const item = this.#items.shift()
        if (item) {
          this.#bytes -= item.length
          this.#wake()
          yield item
        } else if (this.#failed) throw new MarmaladeError('CONNECTION_LOST', 'the link was cut')
        else if (this.#ended) return
        else await this.#change()
      }
    } finally {
      this.cut()
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wakers.add(resolve))
  }
  #wake(): void {
    const wakers = [...this.#wakers]
    this.#wakers.clear()
    for (const wake of wakers) wake()
  }
}

export interface DuplexPair {
  readonly a: Duplex
  readonly b: Duplex
  /** Pulls the cable. */
  cut(): void
  /** The most bytes that ever waited for `b` to read. */
  mostTowardsB(): number
}

/** Both ends of a link in memory. `onWay` sees, and may change, every frame from `b` to `a`. */
export function duplexPair(onWay: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes): DuplexPair {
  const there = new Pipe()
  const back = new Pipe()
  const end = (from: Pipe, to: Pipe, change: (bytes: Uint8Array) => Uint8Array): Duplex => ({
    source: from.read(),
    push: (bytes) => to.push(change(bytes)),
    end: () => to.end(),
  })
  return {
    a: end(back, there, (bytes) => bytes),
    b: end(there, back, onWay),
    cut() {
      there.cut()
      back.cut()
    },
    mostTowardsB: () => there.most,
  }
}
