import { MarmaladeError } from '../../lib/base/index.ts'
import type { Connection, Log } from '../../lib/host/index.ts'
import { interestContract } from './contract.ts'
import { RENEW_MILLIS, type Told } from './core.ts'

/** Between two calls to one peer at least. */
const GAP_MILLIS = 1_000
/** The same after one that failed. */
const FAILED_MILLIS = 15_000

interface Init {
  readonly connection: Connection
  readonly log: Log
  /** What is to be told to that peer as things stand. */
  readonly told: () => Told[]
}

/** Tells one peer which jams this node is interested in: at once, when that changes, and again before it runs out. */
export class Teller {
  readonly #init: Init
  #said = '[]'
  #timer: NodeJS.Timeout | undefined
  #state: 'idle' | 'calling' | 'resting' | 'stopped' = 'idle'

  constructor(init: Init) {
    this.#init = init
    init.connection.signal.addEventListener('abort', () => this.stop(), { once: true })
    this.look()
  }

  /** What is to be told may be another now. */
  look(): void {
    if (this.#state === 'idle' && JSON.stringify(this.#init.told()) !== this.#said) void this.#tell()
  }

  stop(): void {
    this.#state = 'stopped'
    clearTimeout(this.#timer)
  }

  async #tell(): Promise<void> {
    const { connection, log, told } = this.#init
    this.#state = 'calling'
    const jams = told()
    let gap = GAP_MILLIS
    try {
      await connection.remote(interestContract).interest.tell({ jams })
      this.#said = JSON.stringify(jams)
    } catch (error) {
      if (error instanceof MarmaladeError && error.code === 'METHOD_UNKNOWN') this.stop()
      gap = FAILED_MILLIS
      log.info({ err: error, player: connection.player }, 'a peer could not be told of jams')
    }
    this.#rest(gap)
  }

  /** Not again for a moment; after that what is new at once, what is not before it runs out. */
  #rest(gap: number): void {
    if (this.#isStopped()) return
    this.#state = 'resting'
    this.#after(gap, () => {
      this.#state = 'idle'
      this.look()
      if (!this.#isIdle()) return
      this.#after(RENEW_MILLIS - gap, () => {
        if (this.#init.told().length > 0) void this.#tell()
        else this.#rest(GAP_MILLIS)
      })
    })
  }

  #after(millis: number, then: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(then, millis)
    this.#timer.unref()
  }

  #isStopped(): boolean {
    return this.#state === 'stopped'
  }

  #isIdle(): boolean {
    return this.#state === 'idle'
  }
}
