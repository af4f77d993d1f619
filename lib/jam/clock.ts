import type { Millis, PlayerId } from '../base/index.ts'

/** Exchanges kept of one member; the older ones go first. */
const KEPT = 32
/** Fewer make no estimate. */
const LEAST = 5
/** How far two clocks may run apart, as a factor: 100 ppm. */
const DRIFT = 1e-4
/** So many exchanges in a row that lie beside the estimate mean that the other's clock was put. */
const STRIKES = 4
/** How far beside, over what the delays explain. */
const BESIDE: Millis = 5
/** A member that has not answered for so long is not followed. */
const SILENT: Millis = 10_000
/** Links between a member and the starter; past it a member's word counts for nothing. */
export const MAX_HOPS = 8
/** An answer that may be wrong by more counts for nothing. */
const MAX_ERROR: Millis = 1_000
/** How far from the claimed time the starter itself is believed (its clock may show another time zone's time), and another member. */
const STARTER_CLAMP: Millis = 26 * 3_600_000
const MEMBER_CLAMP: Millis = 600_000

/** One question and its answer. */
export interface Exchange {
  /** Monotonic time here of asking, and of the answer's coming. */
  readonly sent: Millis
  readonly came: Millis
  /** The jam's time as the other has it, at answering: milliseconds since the origin. */
  readonly time: Millis
  /** How wrong the other may be, and over how many links it knows the starter's time: 0 is the starter. */
  readonly error: Millis
  readonly hops: number
}

/** The jam's time as it is known here. */
export interface Standing {
  /** Monotonic time of jam frame 0 on this machine. */
  readonly zero: Millis
  /** How wrong that may be. */
  readonly error: Millis
  /** Links between here and the starter, 1 or more. */
  readonly hops: number
  /** The member that it was measured with. */
  readonly by: PlayerId
}

interface Sample {
  readonly zero: Millis
  readonly half: Millis
  readonly came: Millis
}

/**
 * The other's zero from many exchanges, as NTP's clock filter does it (RFC 5905, section 10): the less time a question and its answer
 * took, the less can be wrong, so the quarter with the least delay counts, and of these the median. Age adds to a delay what clocks may have
 * run apart since.
 */
export class ClockFilter {
  #samples: Sample[] = []
  #strikes = 0

  get size(): number {
    return this.#samples.length
  }

  add({ sent, came, time }: Pick<Exchange, 'sent' | 'came' | 'time'>): void {
    const sample = { zero: (sent + came) / 2 - time, half: (came - sent) / 2, came }
    const known = this.estimate(came)
    const beside = known !== undefined && Math.abs(sample.zero - known.zero) > sample.half + known.error + BESIDE
    this.#strikes = beside ? this.#strikes + 1 : 0
    this.#samples.push(sample)
    if (this.#strikes >= STRIKES) {
      this.#samples = this.#samples.slice(-STRIKES)
      this.#strikes = 0
    }
    if (this.#samples.length > KEPT) this.#samples.shift()
  }

  /** Undefined until there are enough exchanges. @param now monotonic */
  estimate(now: Millis): { readonly zero: Millis; readonly error: Millis } | undefined {
    if (this.#samples.length < LEAST) return undefined
    const errorOf = ({ half, came }: Sample): Millis => half + (now - came) * DRIFT
    const byError = [...this.#samples].sort((a, b) => errorOf(a) - errorOf(b))
    const used = byError.slice(0, Math.max(3, Math.ceil(byError.length / 4)))
    const zeros = used.map(({ zero }) => zero).sort((a, b) => a - b)
    // One that was measured, never the mean of two: of a clock that is just being put that would be a time which nobody has.
    const zero = zeros[(zeros.length - 1) >> 1] ?? 0
    return { zero, error: Math.max(...used.map(errorOf)) }
  }
}

interface Source {
  readonly filter: ClockFilter
  error: Millis
  hops: number
  came: Millis
}

/**
 * A jam's time carried to this machine's monotonic clock, through what members of it answer. The starter's own is the one that counts; who
 * has no link to it follows a member that knows it. Members are ranked by (links to the starter at best, id), and only one of lower
 * rank is followed: ranks never rise while a node runs, so nobody follows itself through others, and where the starter has gone all who are
 * linked follow one. Nothing measured is forgotten: its error grows.
 */
export class JamClock {
  readonly #self: PlayerId
  readonly #starter: PlayerId
  readonly #sources = new Map<PlayerId, Source>()
  #standing: (Standing & { readonly at: Millis }) | undefined

  constructor({ self, starter }: { readonly self: PlayerId; readonly starter: PlayerId }) {
    this.#self = self
    this.#starter = starter
  }

  /**
   * Takes in what a member answered; what cannot be is passed over.
   * @param claimed monotonic time of jam frame 0 by the time that the starter claims and this machine's wall clock
   * @returns whether it counts
   */
  heard(from: PlayerId, exchange: Exchange, claimed: Millis): boolean {
    const { sent, came, time, error } = exchange
    const isStarter = from === this.#starter
    // Whoever is not the starter is at least one link away, whatever it says.
    const hops = isStarter ? 0 : Math.max(1, exchange.hops)
    const off = Math.abs((sent + came) / 2 - time - claimed)
    const unfit = off > (isStarter ? STARTER_CLAMP : MEMBER_CLAMP) || error > MAX_ERROR || hops >= MAX_HOPS
    if (unfit || came < sent || from === this.#self || this.#self === this.#starter) return false
    const source = this.#sources.get(from) ?? { filter: new ClockFilter(), error, hops, came }
    this.#sources.set(from, source)
    Object.assign(source, { error: isStarter ? 0 : error, hops, came })
    source.filter.add(exchange)
    this.#follow(came)
    return true
  }

  /** A member is not linked any more, or not in the jam. */
  forget(member: PlayerId): void {
    this.#sources.delete(member)
  }

  /** Exchanges kept of a member. */
  sizeOf(member: PlayerId): number {
    return this.#sources.get(member)?.filter.size ?? 0
  }

  /** Undefined where nothing has been measured. @param now monotonic */
  standing(now: Millis): Standing | undefined {
    if (!this.#standing) return undefined
    const { at, error, ...rest } = this.#standing
    return { ...rest, error: error + Math.max(0, now - at) * DRIFT }
  }

  #follow(now: Millis): void {
    const own = this.#standing?.hops ?? Infinity
    let best: { id: PlayerId; source: Source } | undefined
    for (const [id, source] of this.#sources) {
      if (now - source.came > SILENT || source.filter.estimate(now) === undefined) continue
      if (!isBefore({ id, hops: source.hops }, { id: this.#self, hops: own })) continue
      if (!best || isBefore({ id, hops: source.hops }, { id: best.id, hops: best.source.hops })) best = { id, source }
    }
    const estimate = best?.source.filter.estimate(now)
    if (!best || !estimate) return
    const { hops, error } = best.source
    this.#standing = {
      zero: estimate.zero,
      error: estimate.error + error,
      hops: Math.min(own, hops + 1),
      by: best.id,
      at: now,
    }
  }
}

interface Rank {
  readonly id: PlayerId
  readonly hops: number
}
const isBefore = (a: Rank, b: Rank): boolean => a.hops < b.hops || (a.hops === b.hops && a.id < b.id)
