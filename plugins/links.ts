import { MarmaladeError } from '../lib/base/index.ts'
import type { Clock, PlayerId } from '../lib/base/index.ts'
import type { Connection, PluginHost } from '../lib/host/index.ts'
import { keepOpen } from '../lib/wire/index.ts'

interface Init {
  readonly host: PluginHost
  readonly clock: Clock
  /** What is spoken over them, as `gossip`. */
  readonly what: string
  /** Codes with which a link is ended whose other side cannot have meant well. */
  readonly rules: ReadonlySet<string>
}

/** What is told of a link that went wrong. */
interface Detail {
  readonly peer?: PlayerId
  readonly cause?: unknown
  readonly code?: string
}

/**
 * The links of one kind: one for each connection, opened by the side that dialled and kept open while the connection
 * lives. Who breaks a rule on one loses the connection.
 */
export class PeerLinks {
  readonly #init: Init
  /** Connections whose link was opened by the other side. */
  readonly #served = new Set<number>()
  /** Players whose link was ended because they broke a rule, until their connection is. */
  readonly #broken = new Map<PlayerId, string>()

  constructor(init: Init) {
    this.#init = init
  }

  /** Writes to the log what went wrong, and remembers who broke a rule. */
  note(message: string, { peer, code = '', cause, ...rest }: Detail): void {
    const { host, rules } = this.#init
    host.log.warn({ ...rest, ...(peer && { peer }), ...(code && { code }), err: cause }, message)
    if (peer && rules.has(code)) this.#broken.set(peer, code)
  }

  /** Has `speak` open a link over each connection that this node dials. Gives how to end that. */
  keep(speak: (connection: Connection) => Promise<void>): () => void {
    const { host, clock, what } = this.#init
    return host.onConnection((connection) => {
      if (connection.direction !== 'out') return
      const onFault = (error: unknown): void =>
        host.log.info({ err: error, player: connection.player }, `the link of ${what} could not be opened`)
      const open = () => this.#spoken(connection, () => speak(connection))
      void keepOpen(open, connection.signal, () => clock.monotonic(), onFault)
    })
  }

  /** A link that the other side opens, until it ends. @throws LINK_UNWANTED where it did not dial, or has one open */
  async serve(connection: Connection, speak: () => Promise<void>): Promise<void> {
    const { transport, direction, id } = connection
    if (transport !== 'net' || direction !== 'in' || this.#served.has(id)) {
      throw new MarmaladeError(
        'LINK_UNWANTED',
        `the side that dialled opens ${this.#init.what}, once for each connection`,
      )
    }
    this.#served.add(id)
    try {
      await this.#spoken(connection, speak)
    } finally {
      this.#served.delete(id)
    }
  }

  async #spoken(connection: Connection, speak: () => Promise<void>): Promise<void> {
    await speak()
    const code = this.#broken.get(connection.player)
    this.#broken.delete(connection.player)
    if (code !== undefined) await connection.breach(`broke a rule of ${this.#init.what} (${code})`)
  }
}
