import type { PlayerId, Ticks } from '../base/index.ts'
import type { SoundItem } from './items.ts'
import type { Ledger } from './ledger.ts'
import { insertSorted } from './order.ts'
import { RANK } from './wakes.ts'
import type { Wakes } from './wakes.ts'

/**
 * Who takes part: the starter, and each member from its first entry in the score on, until it leaves. Counted by
 * position, not by when an `admit` came, so that everyone counts alike (`jam/players`).
 */
export class Presence {
  readonly #ledger: Ledger
  readonly #wakes: Wakes
  /** Ticks of each one's entries that count, growing. */
  readonly #ticks = new Map<PlayerId, Ticks[]>()

  constructor(ledger: Ledger, wakes: Wakes) {
    this.#ledger = ledger
    this.#wakes = wakes
    this.#ticks.set(ledger.starter, [0])
  }

  /** An entry counts. */
  add({ identity, payload }: SoundItem): void {
    const ticks = this.#ticks.get(identity) ?? []
    this.#ticks.set(identity, ticks)
    insertSorted(ticks, payload.at, (a, b) => a - b)
    if (ticks[0] === payload.at) this.#wake(payload.at)
  }

  /** An entry counts no more. */
  remove({ identity, payload }: SoundItem): void {
    const ticks = this.#ticks.get(identity) ?? []
    const index = ticks.indexOf(payload.at)
    if (index >= 0) ticks.splice(index, 1)
    if (index !== 0) return
    this.#wake(payload.at)
    if (ticks[0] !== undefined) this.#wake(ticks[0])
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
    for (const [player, [since = Infinity]] of this.#ticks) {
      if (since <= tick && this.#ledger.members.countsAt(player, tick)) count++
    }
    return count
  }
}
