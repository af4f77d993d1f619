import type { PlayerId, Ticks } from '../base/index.ts'
import type { SoundItem } from './items.ts'
import type { Ledger } from './ledger.ts'
import { RANK } from './wakes.ts'
import type { Wakes } from './wakes.ts'

/**
 * Who takes part: the starter, and each member from its first entry in the score on, until it leaves. Counted by
 * position, not by when an `admit` came, so that everyone counts alike (`jam/players`).
 */
export class Presence {
  readonly #ledger: Ledger
  readonly #wakes: Wakes
  readonly #since = new Map<PlayerId, Ticks>()

  constructor(ledger: Ledger, wakes: Wakes) {
    this.#ledger = ledger
    this.#wakes = wakes
    this.#since.set(ledger.starter, 0)
  }

  /** An entry counts. */
  add({ identity, payload }: SoundItem): void {
    const since = this.#since.get(identity)
    if (since !== undefined && since <= payload.at) return
    this.#since.set(identity, payload.at)
    this.#wake(payload.at)
  }

  /** Somebody was admitted, left or was removed. */
  membersChanged(): void {
    for (const tick of this.#ledger.members.turnTicks()) this.#wake(tick)
  }

  #wake(tick: Ticks): void {
    const { start } = this.#ledger
    if (start) this.#wakes.push({ tick, rank: RANK.players, position: start })
  }

  countAt(tick: Ticks): number {
    let count = 0
    for (const [player, since] of this.#since) {
      if (since <= tick && this.#ledger.members.countsAt(player, tick)) count++
    }
    return count
  }
}
