import type { Crypto, Micros, Millis, PlayerId } from '../base/index.ts'
import { readBeacon, verifyBeacon, type Beacon } from './beacon.ts'

/** Beacons further from the own clock are as good as old ones. */
const WINDOW: Micros = 10 * 60 * 1_000_000
/** Players whose last beacon is remembered, and addresses whose rate is. */
const MAX_PLAYERS = 1_024
const MAX_SOURCES = 256
/** Addresses under which one beacon may come in: a machine sends it on each of its networks. */
const MAX_WAYS = 4
/** Beacons of one address, and signatures checked in all: so many at once, and so many each second. */
const OF_SOURCE = { burst: 20, perSecond: 2 }
const CHECKED = { burst: 100, perSecond: 50 }
/** A player who was silent for longer is new again. */
const FORGOTTEN: Millis = 90_000

interface Init {
  readonly self: PlayerId
  readonly network: Uint8Array
  readonly crypto: Pick<Crypto, 'verify'>
}
interface Tokens {
  left: number
  at: Millis
}
interface Last {
  time: Micros
  heard: Millis
  ways: Set<string>
}

/** What becomes of a datagram: a beacon to act upon, or why it is passed over. */
export type Heard =
  | { readonly kind: 'heard'; readonly beacon: Beacon; readonly isNew: boolean }
  | { readonly kind: 'ignored'; readonly why: 'other' | 'own' | 'old' | 'again' | 'crowd' | 'forged' }

/** Lets genuine beacons through, each once for each way, and spends little on all others: the dear check comes last. */
export class BeaconGate {
  readonly #init: Init
  readonly #last = new Map<PlayerId, Last>()
  readonly #sources = new Map<string, Tokens>()
  readonly #checked: Tokens = { left: CHECKED.burst, at: -Infinity }

  constructor(init: Init) {
    this.#init = init
  }

  /** @param from the address that it came from; @param wall microseconds since 1970; @param now monotonic milliseconds */
  take(bytes: Uint8Array, from: string, { wall, now }: { readonly wall: Micros; readonly now: Millis }): Heard {
    if (!this.#admits(from, now)) return ignored('crowd')
    const beacon = readBeacon(bytes, this.#init.network)
    if (!beacon) return ignored('other')
    if (beacon.player === this.#init.self) return ignored('own')
    if (Math.abs(beacon.time - wall) > WINDOW) return ignored('old')
    const last = this.#last.get(beacon.player)
    if (last && (beacon.time < last.time || (beacon.time === last.time && !isOtherWay(last, from)))) {
      return ignored('again')
    }
    if (!spend(this.#checked, CHECKED, now)) return ignored('crowd')
    if (!verifyBeacon(bytes, beacon, this.#init.crypto)) return ignored('forged')
    return { kind: 'heard', beacon, isNew: this.#remember(beacon, from, now) }
  }

  #admits(from: string, now: Millis): boolean {
    const tokens = this.#sources.get(from) ?? { left: OF_SOURCE.burst, at: now }
    this.#sources.delete(from)
    this.#sources.set(from, tokens)
    trim(this.#sources, MAX_SOURCES)
    return spend(tokens, OF_SOURCE, now)
  }

  /** Whether the player is new here, or was silent for long. */
  #remember({ player, time }: Beacon, from: string, now: Millis): boolean {
    const last = this.#last.get(player)
    this.#last.delete(player)
    const ways = last?.time === time ? last.ways.add(from) : new Set([from])
    this.#last.set(player, { time, heard: now, ways })
    trim(this.#last, MAX_PLAYERS)
    return last === undefined || now - last.heard > FORGOTTEN
  }
}

const ignored = (why: Extract<Heard, { kind: 'ignored' }>['why']): Heard => ({ kind: 'ignored', why })

const isOtherWay = ({ ways }: Last, from: string): boolean => !ways.has(from) && ways.size < MAX_WAYS

function spend(tokens: Tokens, { burst, perSecond }: typeof OF_SOURCE, now: Millis): boolean {
  const gained = tokens.at === -Infinity ? burst : (Math.max(0, now - tokens.at) / 1_000) * perSecond
  tokens.left = Math.min(burst, tokens.left + gained)
  tokens.at = now
  if (tokens.left < 1) return false
  tokens.left--
  return true
}

/** The one used longest ago goes. */
function trim(map: Map<string, unknown>, most: number): void {
  const [oldest] = map.keys()
  if (map.size > most && oldest !== undefined) map.delete(oldest)
}
