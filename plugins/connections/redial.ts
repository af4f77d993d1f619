import type { Clock, Millis } from '../../lib/base/index.ts'
import type { PluginHost } from '../../lib/host/index.ts'

const LOOK_MILLIS = 1_000
const FIRST_WAIT: Millis = 1_000
const LONGEST_WAIT: Millis = 5 * 60_000
/** Addresses kept; the ones that failed most often make room. */
const MAX_WANTED = 512
/** Dialled at the same time. */
const MAX_DIALLING = 4

interface Wanted {
  failures: number
  due: Millis
  dialling: boolean
}

/** Dials wanted addresses whose player is not connected, with waits that double, spread by chance. */
export class Redialler {
  readonly #host: PluginHost
  readonly #clock: Clock
  readonly #random: () => number
  readonly #wanted = new Map<string, Wanted>()
  #timer: NodeJS.Timeout | undefined

  constructor(init: { readonly host: PluginHost; readonly clock: Clock; readonly random: () => number }) {
    this.#host = init.host
    this.#clock = init.clock
    this.#random = init.random
  }

  want(address: string): void {
    if (this.#wanted.has(address)) return
    if (this.#wanted.size >= MAX_WANTED) this.#makeRoom()
    this.#wanted.set(address, { failures: 0, due: this.#clock.monotonic(), dialling: false })
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), LOOK_MILLIS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #makeRoom(): void {
    let worst: [string, Wanted] | undefined
    for (const entry of this.#wanted) if (!worst || entry[1].failures > worst[1].failures) worst = entry
    if (worst) this.#wanted.delete(worst[0])
  }

  #look(): void {
    const now = this.#clock.monotonic()
    const connected = this.#host.connections().map((connection) => connection.player.slice(1, 45))
    let dialling = [...this.#wanted.values()].filter((wanted) => wanted.dialling).length
    for (const [address, wanted] of this.#wanted) {
      if (dialling >= MAX_DIALLING) return
      if (wanted.dialling || wanted.due > now || connected.some((key) => address.includes(key))) continue
      dialling++
      void this.#dial(address, wanted)
    }
  }

  async #dial(address: string, wanted: Wanted): Promise<void> {
    wanted.dialling = true
    try {
      await this.#host.connect(address, { signal: this.#host.signal })
      wanted.failures = 0
    } catch (error) {
      wanted.failures++
      this.#host.log.debug({ err: error, address }, 'could not connect')
    } finally {
      wanted.dialling = false
      const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** wanted.failures)
      wanted.due = this.#clock.monotonic() + wait * (0.5 + this.#random())
    }
  }
}
