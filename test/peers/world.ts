import { compareBytes, rawId, utf8, type PlayerId } from '../../lib/base/index.ts'
import { Scheduler, type PeerEffect, type PeerEvent } from '../../lib/peers/index.ts'

export const dialledBy = (effects: readonly PeerEffect[]): string[] =>
  effects.flatMap((effect) => (effect.do === 'dial' ? [effect.address] : []))

/** mulberry32, seeded by the bytes of a name. */
function chanceOf(name: string): () => number {
  let state = utf8(name).reduce((sum, byte) => (Math.imul(sum, 31) + byte) | 0, 7)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), 1 | state)
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word
    return ((word ^ (word >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Member {
  readonly core: Scheduler
  readonly links: Map<PlayerId, PlayerId>
  dials: number
}
interface Arrival {
  readonly at: number
  readonly from: PlayerId
  readonly to: PlayerId
}

/** Whom each asks for: the next five on a ring. */
const ASKED = 5

/** Many schedulers under one clock and one chance; dials take time, cross each other, and fail where the network is cut. */
export class World {
  readonly #members = new Map<PlayerId, Member>()
  readonly #order: readonly PlayerId[]
  readonly #chance: () => number
  #arrivals: Arrival[] = []
  #cut: ReadonlySet<PlayerId> = new Set()
  #now = 0
  /** Pairs that had two links once both ends had decided. */
  twice = 0

  constructor(players: readonly PlayerId[], seed: string) {
    this.#order = players
    this.#chance = chanceOf(seed)
    for (const self of players) {
      const core = new Scheduler({ self, random: this.#chance, settings: { links: 12, heard: 4 } })
      this.#members.set(self, { core, links: new Map(), dials: 0 })
    }
    for (const [at, self] of players.entries()) {
      for (let next = 1; next <= ASKED; next++) {
        const player = players[(at + next) % players.length]!
        this.#tell(self, { type: 'learn', address: player, player, reason: 'asked', now: 0 })
      }
    }
  }

  /** Dials of the busiest node, in a minute. */
  get dialsPerMinute(): number {
    return Math.max(...[...this.#members.values()].map(({ dials }) => dials)) / (this.#now / 60_000)
  }

  run(millis: number): void {
    const end = this.#now + millis
    while (this.#now < end) {
      this.#now += 100
      const due = this.#arrivals.filter(({ at }) => at <= this.#now)
      this.#arrivals = this.#arrivals.filter(({ at }) => at > this.#now)
      for (const arrival of due) this.#arrive(arrival)
      if (this.#now % 1_000 === 0) {
        for (const self of this.#order) this.#tell(self, { type: 'look', now: this.#now, wall: this.#now })
      }
    }
  }

  /** Cuts a part off from the rest: links across break. */
  partition(part: number): void {
    this.#cut = new Set(this.#order.slice(0, Math.floor(this.#order.length * part)))
    for (const [self, { links }] of this.#members)
      for (const other of [...links.keys()]) if (!this.#reaches(self, other)) this.#break(self, other)
  }
  heal(): void {
    this.#cut = new Set()
  }

  /** Pairs of which one asked for the other and which have no link. */
  unlinked(): number {
    let count = 0
    for (const [at, self] of this.#order.entries())
      for (let next = 1; next <= ASKED; next++) {
        if (!this.#member(self).links.has(this.#order[(at + next) % this.#order.length]!)) count++
      }
    return count
  }
  /** Links across the cut. */
  crossing(): number {
    let count = 0
    for (const [self, { links }] of this.#members)
      for (const other of links.keys()) if (!this.#reaches(self, other)) count++
    return count
  }

  #member(player: PlayerId): Member {
    const member = this.#members.get(player)
    if (!member) throw new Error(`${player} is not of this world`)
    return member
  }
  #reaches(a: PlayerId, b: PlayerId): boolean {
    return this.#cut.has(a) === this.#cut.has(b)
  }

  #tell(self: PlayerId, event: PeerEvent): void {
    for (const effect of this.#member(self).core.handle(event)) {
      if (effect.do !== 'dial') continue
      if (effect.player === self) throw new Error('a node dialled itself')
      this.#member(self).dials++
      this.#arrivals.push({ at: this.#now + 100 + 900 * this.#chance(), from: self, to: effect.player })
    }
  }

  #arrive({ from, to }: Arrival): void {
    const fails = !this.#reaches(from, to) || this.#chance() < 0.1
    if (fails) {
      this.#tell(from, { type: 'dialled', address: to, error: 'lost', now: this.#now })
      return
    }
    // Two that dialled each other at once keep the one that the lower key dialled.
    const present = this.#member(from).links.get(to)
    const stays = present === undefined || this.#lower(from, to) === from
    if (present !== undefined && stays) this.#break(from, to)
    if (stays) this.#join(from, to)
    if (this.#member(from).links.get(to) !== this.#member(to).links.get(from)) this.twice++
    this.#tell(from, { type: 'dialled', address: to, now: this.#now })
  }

  #join(from: PlayerId, to: PlayerId): void {
    this.#member(from).links.set(to, from)
    this.#member(to).links.set(from, from)
    this.#tell(from, { type: 'linked', player: to, address: to, now: this.#now })
    this.#tell(to, { type: 'linked', player: from, now: this.#now })
  }
  #break(a: PlayerId, b: PlayerId): void {
    this.#member(a).links.delete(b)
    this.#member(b).links.delete(a)
    this.#tell(a, { type: 'ended', player: b, now: this.#now })
    this.#tell(b, { type: 'ended', player: a, now: this.#now })
  }
  #lower(a: PlayerId, b: PlayerId): PlayerId {
    return compareBytes(rawId(a), rawId(b)) < 0 ? a : b
  }
}
