import type { Millis } from '../../lib/base/index.ts'
import type { ToEngine } from '../../lib/engine/index.ts'

/** The engine is told of readings no more often. */
const EVERY: Millis = 250

interface Init {
  /** All there are, by path. */
  readonly read: () => Iterable<readonly [path: string, value: number]>
  readonly send: (message: Extract<ToEngine, { kind: 'readings' }>) => void
}

/** Tells the engine what generators may read of this machine and the network (`local/…`, `net/…`): what is another now, four times a second. */
export class Readings {
  readonly #told = new Map<string, number>()
  readonly #timer: NodeJS.Timeout

  constructor({ read, send }: Init) {
    this.#timer = setInterval(() => {
      const readings = [...read()]
        .filter(([path, value]) => this.#told.get(path) !== value)
        .map(([path, value]) => ({ path, value }))
      for (const { path, value } of readings) this.#told.set(path, value)
      if (readings.length > 0) send({ kind: 'readings', readings })
    }, EVERY)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
