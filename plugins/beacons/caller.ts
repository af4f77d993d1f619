import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'
import type { Clock, Crypto, PlayerId, Signer } from '../../lib/base/index.ts'
import { formatAddress, type Log } from '../../lib/host/index.ts'
import { BeaconGate, encodeBeacon, type Beacon } from '../../lib/peers/index.ts'
import { Ears } from './ears.ts'
import { nearness, placesOf } from './places.ts'

const LOOK_MILLIS = 500
/** Times after a start, or on another network, at which a node asks who is there: one beacon may be lost. */
const ASKING_MILLIS = [0, 500, 2_000] as const
/** From one beacon of a node that stays to its next, about. */
const EVERY_MILLIS = 30_000
/** Whoever asks is answered within this time; who asks meanwhile, by the same beacon. */
const ANSWER_MILLIS = 100

interface Init {
  readonly self: PlayerId
  readonly signer: Signer
  readonly crypto: Pick<Crypto, 'verify'>
  readonly clock: Clock
  /** Between 0 and 1: not all nodes of a network speak at once. */
  readonly random: () => number
  readonly log: Log
  readonly network: Uint8Array
  /** UDP port of the beacons. */
  readonly port: number
  /** Where this node listens for others. */
  readonly listening: { readonly host: string; readonly port: number }
  readonly onHeard: (player: PlayerId, address: string) => void
  /** The system's interfaces where it is left out. */
  readonly interfaces?: () => NodeJS.Dict<NetworkInterfaceInfo[]>
}

/** Tells the local network that this node is there, and hears who else is. */
export class Caller {
  readonly #init: Init
  readonly #gate: BeaconGate
  #ears: Ears | undefined
  #places = ''
  #isNear: (from: string) => boolean = () => false
  #timer: NodeJS.Timeout | undefined
  #answer: NodeJS.Timeout | undefined
  /** Monotonic milliseconds of the beacons to come, the next first. */
  #due: { at: number; kind: Beacon['kind'] }[] = []
  /** The last beacon's time: each has a later one. */
  #last = 0
  #turn: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(init: Init) {
    this.#init = init
    this.#gate = new BeaconGate(init)
  }

  async start(): Promise<void> {
    await this.#look()
    this.#timer = setInterval(() => {
      this.#turn = this.#turn
        .then(() => this.#look())
        .catch((error: unknown) => this.#init.log.warn({ err: error }, 'beacons failed'))
    }, LOOK_MILLIS)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    clearTimeout(this.#answer)
    await this.#turn
    await this.#ears?.close()
  }

  /** Opens what has come, closes what has gone, and sends what is due. */
  async #look(): Promise<void> {
    const { listening, interfaces = networkInterfaces, port, log } = this.#init
    const now = this.#init.clock.monotonic()
    const found = interfaces()
    const places = placesOf(listening.host, found)
    this.#isNear = nearness(found)
    const seen = JSON.stringify(places)
    if (seen !== this.#places) {
      this.#places = seen
      await this.#ears?.close()
      this.#ears = await Ears.open({ port, log, onDatagram: (bytes, from) => this.#hear(bytes, from) }, places)
      this.#due = ASKING_MILLIS.map((after) => ({ at: now + after, kind: 'asks' }))
    }
    if (this.#stopped) return
    const next = this.#due[0]
    if (next && next.at > now) return
    this.#due.shift()
    this.#say(next?.kind ?? 'here')
    if (this.#due.length === 0) {
      this.#due = [{ at: now + EVERY_MILLIS * (0.75 + this.#init.random() / 2), kind: 'here' }]
    }
  }

  #say(kind: Beacon['kind']): void {
    const { self, signer, network, listening, clock } = this.#init
    this.#last = Math.max(this.#last + 1, clock.micros())
    const beacon = { kind, player: self, port: listening.port, time: this.#last }
    this.#ears?.send(encodeBeacon(beacon, network, signer))
  }

  #hear(bytes: Uint8Array, from: string): void {
    const { clock, log, onHeard } = this.#init
    if (!this.#isNear(from)) return
    const heard = this.#gate.take(bytes, from, { wall: clock.micros(), now: clock.monotonic() })
    if (heard.kind === 'ignored') return
    const { player, port, kind } = heard.beacon
    if (heard.isNew) log.info({ player, from }, 'another node is on this network')
    if (kind === 'asks' || heard.isNew) this.#answerSoon()
    onHeard(player, formatAddress({ host: from, port, player }))
  }

  #answerSoon(): void {
    this.#answer ??= setTimeout(() => {
      this.#answer = undefined
      if (!this.#stopped) this.#say('here')
    }, ANSWER_MILLIS * this.#init.random()).unref()
  }
}
