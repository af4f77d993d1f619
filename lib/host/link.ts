import type { Socket } from 'node:net'
import type pull from 'pull-stream'
import { hasCode, MarmaladeError } from '../base/index.ts'
import type { PlayerId } from '../base/index.ts'
import { rateKey } from './rates.ts'
import type { Rates } from './rates.ts'
import { closed, endSocket } from './transport/socket.ts'
import { receptionFor } from './reception.ts'
import type { Roles } from './roles.ts'
import { ByTurns } from './by-turns.ts'
import { Merit } from './merit.ts'
import type { Turns } from './turns.ts'
import type { CallOptions, Connection, Contract, Log, Remote, Role } from './types.ts'
import type { Running } from './wire/calls.ts'
import type { MethodTable } from './wire/registered.ts'
import { Session } from './wire/session.ts'

export interface LinkInit {
  readonly id: number
  readonly player: PlayerId
  readonly transport: 'net' | 'local'
  readonly direction: 'in' | 'out'
  readonly address: string
  readonly wire: pull.Duplex<Buffer, Buffer>
  readonly socket: Socket
  readonly table: MethodTable
  readonly roles: Roles
  readonly rates: Rates
  readonly log: Log
  readonly maxCalls: number
  readonly running: Running
  readonly turns: Turns
  /** Whether its player came in and is nobody whom the node knows. */
  readonly stranger: boolean
  /** A quiet connection is asked after this many milliseconds, and given up after three times as many. */
  readonly keepalive: number
  onEnd(link: Link, reason: MarmaladeError): void
}

/** For so many milliseconds what a player is holds for what its bytes may cost. */
const ROLE_HOLDS = 1_000

/** Quiet spells after which the far side counts as dead. */
const DEAD_AFTER = 3

/** One live connection. */
export class Link implements Connection {
  readonly id: number
  readonly player: PlayerId
  readonly transport: 'net' | 'local'
  readonly direction: 'in' | 'out'
  readonly address: string
  /** The network address of the other side. */
  readonly networkAddress: string | undefined
  /** Whom it is counted against while its player is a stranger. */
  readonly rateKey: string
  readonly since = Date.now()
  readonly #init: LinkInit
  readonly #session: Session
  /** What it may have this node do while that has others to serve, if its player is a stranger. */
  readonly #merit = new Merit()
  /** What leaves, once the session has begun. */
  #outward: ByTurns | undefined
  readonly #controller = new AbortController()
  readonly #closed: Promise<void>
  readonly #keepalive: NodeJS.Timeout
  #closing: Promise<void> | undefined
  /** As it was looked at last. */
  #stranger: boolean
  #lookedAt = performance.now()
  readonly #born = performance.now()
  #roundTrip: number | undefined
  #seen = 0
  #quiet = 0
  #left = 0
  #stuck = 0

  constructor(init: LinkInit) {
    this.#init = init
    this.id = init.id
    this.player = init.player
    this.transport = init.transport
    this.direction = init.direction
    this.address = init.address
    this.#stranger = init.stranger
    this.networkAddress = init.socket.remoteAddress
    this.rateKey = rateKey(this.networkAddress, init.player)
    this.#closed = closed(init.socket)
    this.#keepalive = setInterval(() => this.#look(), init.keepalive).unref()
    this.#session = new Session({
      wire: this.#byTurns(init.wire),
      table: init.table,
      maxCalls: init.maxCalls,
      running: init.running,
      reception: receptionFor({
        connection: this,
        rates: init.rates,
        rateKey: this.rateKey,
        log: init.log,
      }),
      onTaken: (weight) => this.#merit.earnByTaking(weight, this.#bytesLeft),
      onEnd: (reason) => this.#ended(reason),
    })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }
  get bytesIn(): number {
    return this.#init.socket.bytesRead
  }
  get bytesOut(): number {
    return this.#init.socket.bytesWritten
  }
  get roundTrip(): number | undefined {
    return this.#roundTrip
  }
  /** What the system has taken. */
  get #bytesLeft(): number {
    const { bytesWritten, writableLength } = this.#init.socket
    return bytesWritten - writableLength
  }
  /** Milliseconds since it was made. */
  get age(): number {
    return performance.now() - this.#born
  }
  async ping(options: CallOptions = {}): Promise<number> {
    const asked = performance.now()
    await this.#session.ping(options)
    return (this.#roundTrip = performance.now() - asked)
  }
  async role(): Promise<Role> {
    return this.transport === 'local' ? 'self' : this.#init.roles.of(this.player)
  }
  /** Ends the connection where its player is blocked by now. */
  async recheck(): Promise<void> {
    try {
      await this.role()
    } catch (error) {
      if (!hasCode(error, 'PLAYER_BLOCKED')) throw error
      await this.end(error)
    }
  }
  remote<C extends Contract>(contract: C): Remote<C> {
    return this.#session.remote(contract)
  }
  breach(what: string): Promise<void> {
    return this.end(new MarmaladeError('PROTOCOL_INVALID', `the other side ${what}`))
  }
  noteUse(bytes: number): void {
    this.#merit.earnByUse(bytes)
  }
  close(): Promise<void> {
    return this.end(new MarmaladeError('CLOSED', 'the connection was closed'))
  }

  /** Ends the connection for a reason that open calls and listeners are told. Idempotent. */
  end(reason: MarmaladeError): Promise<void> {
    this.#outward?.release()
    this.#closing ??= this.#session.close(reason).then(() => endSocket(this.#init.socket, this.#closed))
    return this.#closing
  }

  /** Whether its player came in and is nobody whom the node knows, as far as it has been looked at. */
  isStranger(): boolean {
    const now = performance.now()
    if (this.transport === 'net' && this.direction === 'in' && now - this.#lookedAt > ROLE_HOLDS) {
      this.#lookedAt = now
      // One whose role cannot be told stays what it was; whatever it calls asks again.
      this.role().then(
        (role) => (this.#stranger = role === 'stranger'),
        () => undefined,
      )
    }
    return this.#stranger
  }

  /** The same stream, of which what a stranger sends, and what one without merit is sent, wait for their turn. */
  #byTurns({ source, sink }: pull.Duplex<Buffer, Buffer>): pull.Duplex<Buffer, Buffer> {
    const { turns } = this.#init
    const merit = this.#merit
    const waitsToSend = (): boolean => {
      if (this.isStranger()) return turns.contended
      turns.noteKnown()
      return false
    }
    const waitsToBeSent = (bytes: number): boolean =>
      this.isStranger() && !merit.has && turns.contended && !merit.trickles(bytes, performance.now())
    return {
      source: new ByTurns(source, { turns, merit, waits: waitsToSend }).source,
      sink: (read) => {
        this.#outward = new ByTurns(read, { turns, merit, waits: waitsToBeSent })
        sink(this.#outward.source)
      },
    }
  }

  #ended(reason: MarmaladeError): void {
    clearInterval(this.#keepalive)
    this.#outward?.release()
    this.#controller.abort(reason)
    const { id, player, transport, direction, address } = this
    const traffic = { in: this.bytesIn, out: this.bytesOut }
    this.#init.log.debug({ id, player, transport, direction, address, traffic, code: reason.code }, reason.message)
    this.#init.onEnd(this, reason)
    // Where this side closes, the goodbye has yet to leave: end() sees to the socket.
    this.#closing ??= endSocket(this.#init.socket, this.#closed)
  }

  #look(): void {
    const moved = this.bytesIn !== this.#seen
    this.#seen = this.bytesIn
    this.#quiet = moved ? 0 : this.#quiet + 1
    const left = this.#bytesLeft
    // A far side that talks but never reads takes nothing off the system's hands.
    this.#stuck = this.#init.socket.writableLength > 0 && left === this.#left ? this.#stuck + 1 : 0
    this.#left = left
    if (this.#quiet >= DEAD_AFTER || this.#stuck >= DEAD_AFTER) {
      const what = this.#stuck >= DEAD_AFTER ? 'reading' : 'answering'
      void this.end(new MarmaladeError('CONNECTION_DEAD', `${this.player} stopped ${what}`))
    } else if (this.#quiet > 0) {
      // Whatever it answers, an error too, it answers: the bytes are seen at the next look.
      this.ping({ signal: this.signal }).catch(() => undefined)
    }
  }
}
