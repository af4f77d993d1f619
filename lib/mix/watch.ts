import { BLOCK, SAMPLE_RATE, type Millis, type PlayerRef } from '../base/index.ts'
import type { VoiceFailure } from '../generators/index.ts'
import type { InstancePath } from '../jam/index.ts'
import type { Guard } from './types.ts'

/** What the instances of one thread may take of real time together, before they fall behind: the rest is for the mix. */
const ALLOWED: Millis = (0.9 * BLOCK * 1_000) / SAMPLE_RATE
/** A quantum counts for so much at most, so that one hiccup, whatever its cause, is nobody's end. */
const MOST: Millis = 40
/** So far behind, somebody has to go: less than half of what is rendered ahead. */
const BEHIND: Millis = 60
/** One that has at least a quarter of the cost goes at once; of many equals one goes after as much more. */
const BLAME = 4
/**
 * What the starts of one player's instances may take of the thread at once: half of what is rendered ahead. So much of real time is
 * forgiven: a thousand starts that take a tenth of a millisecond, one after the other, are always in order.
 */
const STARTS: Millis = 80
const FORGIVEN: Millis = (0.1 * BLOCK * 1_000) / SAMPLE_RATE
const CROWDED = 'the instances of its player took too long to start at once: play them one after the other'
/** What is remembered of an instance's cost from one quantum to the next: 171 ms to 1/e. */
const REMEMBERED = 63 / 64

interface Cost {
  /** On the wall, in the quantum at hand. */
  lap: Millis
  /** Processor time of late, weighed by REMEMBERED. */
  recent: Millis
}

/** What a player's starts took: on the wall, in the quantum at hand, and what has not been forgiven of before. */
interface Starts {
  lap: Millis
  debt: Millis
}

/** Who has to go, and why. */
export interface Offender {
  readonly path: InstancePath
  readonly failure: VoiceFailure
}

/**
 * Watches what the instances of one thread cost it, live: ends one that takes too long for a single quantum, and, where the
 * thread falls behind real time by the work of its instances alone, the one that costs most. Counted is the time for which
 * the thread ran, so that a busy machine makes nobody look slow: only where it is split among instances does the clock on
 * the wall, which is read between them because it costs nothing, say whose share it was.
 */
export class Watch {
  readonly #guard: Guard
  readonly #wall: () => Millis
  readonly #costs = new Map<InstancePath, Cost>()
  readonly #starts = new Map<PlayerRef, Starts>()
  #quanta = 0
  #began: Millis = 0
  #wallBegan: Millis = 0
  #last: Millis = 0
  #behind: Millis = 0

  constructor(guard: Guard) {
    this.#guard = guard
    this.#wall = guard.wall ?? guard.now
  }

  /** A quantum begins. */
  begin(): void {
    this.#began = this.#guard.now()
    this.#wallBegan = this.#last = this.#wall()
  }

  /** What was done since the last call was for this instance. */
  lap(path: InstancePath): Millis {
    const cost = this.#costs.get(path) ?? { lap: 0, recent: 0 }
    const now = this.#wall()
    const lap = now - this.#last
    cost.lap += lap
    this.#last = now
    this.#costs.set(path, cost)
    return lap
  }

  /** The same, where that was its start. */
  started(path: InstancePath, player: PlayerRef): void {
    const starts = this.#starts.get(player) ?? { lap: 0, debt: 0 }
    starts.lap += this.lap(path)
    this.#starts.set(player, starts)
  }

  /** Why no more of a player's instances start in this quantum, where they have taken too long. Not in the first, which nobody waits for. */
  against(player: PlayerRef): string | undefined {
    const { lap, debt } = this.#starts.get(player) ?? { lap: 0, debt: 0 }
    if (this.#quanta === 0 || debt + lap <= STARTS) return undefined
    const waited = this.#last - this.#wallBegan - (this.#guard.now() - this.#began)
    return debt + lap - Math.max(0, waited) > STARTS ? CROWDED : undefined
  }

  /** What an instance takes of late: milliseconds for a second of sound. */
  loadOf(path: InstancePath): Millis {
    return ((this.#costs.get(path)?.recent ?? 0) * (1 - REMEMBERED) * SAMPLE_RATE) / BLOCK
  }

  /** It has ended. */
  forget(path: InstancePath): void {
    this.#costs.delete(path)
  }

  /** The quantum is done: who has to go, if anybody. */
  end(): Offender | undefined {
    const ran = this.#guard.now() - this.#began
    const wall = this.#last - this.#wallBegan
    const counted = Math.min(ran, MOST)
    let slow: Offender | undefined
    for (const [path, cost] of this.#costs) {
      // Of its time on the wall the thread may have waited for as much as it waited in all.
      const took = cost.lap - Math.max(0, wall - ran)
      if (took > this.#guard.millis) slow ??= { path, failure: tooSlow(took, this.#guard.millis) }
      cost.recent = cost.recent * REMEMBERED + (wall > 0 ? (counted * cost.lap) / wall : 0)
      cost.lap = 0
    }
    this.#forgive(wall > 0 ? Math.min(1, ran / wall) : 0)
    this.#behind = Math.max(0, this.#behind + counted - ALLOWED)
    return slow ?? this.#costliest()
  }

  /** @param share of the time on the wall for which the thread ran */
  #forgive(share: number): void {
    for (const [player, starts] of this.#starts) {
      starts.debt += (this.#quanta === 0 ? 0 : starts.lap * share) - FORGIVEN
      starts.lap = 0
      if (starts.debt <= 0) this.#starts.delete(player)
    }
    this.#quanta++
  }

  #costliest(): Offender | undefined {
    if (this.#behind <= BEHIND) return undefined
    let all = 0
    let most = 0
    let costliest: InstancePath | undefined
    for (const [path, { recent }] of this.#costs) {
      all += recent
      if (recent <= most) continue
      most = recent
      costliest = path
    }
    if (costliest === undefined || this.#behind * most * BLAME <= BEHIND * all) return undefined
    this.#behind = 0
    const share = Math.round((100 * most) / all)
    const message = `rendering fell behind real time, and it took ${share} % of the time, more than any other`
    return { path: costliest, failure: { code: 'GENERATOR_TOO_SLOW', message } }
  }
}

function tooSlow(took: Millis, most: Millis): VoiceFailure {
  const message = `128 frames took ${Math.floor(took)} ms, more than the ${most} ms that they may take live`
  return { code: 'GENERATOR_TOO_SLOW', message }
}
