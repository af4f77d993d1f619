import { compareBytes, rawId } from '../base/index.ts'
import type { Millis, PlayerId } from '../base/index.ts'
import { Addresses, MAX_OF_PLAYER, rankOf, reasonOf } from './addresses.ts'
import type { Known } from './addresses.ts'
import { Patience } from './patience.ts'
import type { PeerEffect, PeerEvent, PeerSettings, Published, Reason, Waiting } from './types.ts'

const FIRST_WAIT: Millis = 1_000
const LONGEST_WAIT: Millis = 5 * 60_000
/** A link that lasted so long starts over with the shortest wait. */
const STEADY: Millis = 60_000
/** Dialled at the same time. */
const MAX_DIALLING = 4
/** The node with the higher key gives the other that long to dial, where both have heard of each other at once. */
const GIVE_WAY: Millis = 1_000
/** Whoever is heard again is dialled again at once, but not more often than this. */
const HEARD_AGAIN: Millis = 10_000
/** A link that brought nothing for so long makes room for another, one at a time. */
const IDLE: Millis = 10 * 60_000
const ROTATE: Millis = 60_000
/** The clocks of machine and wall drift apart by more than this in one sleep, or a look comes as late. */
const SLEPT: Millis = 10_000
/** A network that changes all the time makes everything be dialled again once in so long. */
const ALL_AGAIN: Millis = 5_000
/** Texts of errors are for people. */
const MAX_ERROR = 300

interface Init {
  readonly self: PlayerId
  /** Between 0 and 1: spreads out when nodes dial again. */
  readonly random: () => number
  readonly settings: PeerSettings
}

interface Linked {
  readonly since: Millis
  readonly address: string | undefined
  useful: Millis
}

/**
 * Decides which links to have: a reducer of events to effects that knows no clock and no socket. A player is dialled at
 * one address at a time and never while connected; failures double the wait, chance spreads it; sleep and another network
 * make all waits short again.
 */
export class Scheduler {
  readonly #init: Init
  readonly #addresses = new Addresses()
  readonly #patience = new Patience()
  readonly #links = new Map<PlayerId, Linked>()
  #looked: { readonly now: Millis; readonly wall: Millis } | undefined
  #allAgain = -Infinity
  #rotated = -Infinity

  constructor(init: Init) {
    this.#init = init
  }

  /** Takes an event in; what is to be done, in order. */
  handle(event: PeerEvent): PeerEffect[] {
    const effects = this.#take(event)
    return [...effects, ...this.#dial(event.now), ...this.#rotate(event.now)]
  }

  /** Addresses of players who are not connected, those that are dialled next first. */
  waiting(now: Millis): Waiting[] {
    return [...this.#addresses.all()]
      .filter(({ player }) => !this.#links.has(player))
      .sort((a, b) => this.#dueOf(a) - this.#dueOf(b))
      .map((known) => ({
        address: known.address,
        player: known.player,
        reason: reasonOf(known),
        failures: known.failures,
        state: known.dialling ? 'dialling' : 'waiting',
        nextIn: Math.max(0, this.#dueOf(known) - now),
        ...(known.error !== undefined && { error: known.error }),
      }))
  }

  #take(event: PeerEvent): PeerEffect[] {
    switch (event.type) {
      case 'learn':
        return this.#learn(event.address, event.player, event.reason, event.now)
      case 'published':
        return this.#publish(event.players, event.now)
      case 'linked':
        this.#links.set(event.player, { since: event.now, address: event.address, useful: event.now })
        return []
      case 'ended':
        this.#ended(event.player, event.now)
        return []
      case 'dialled':
        this.#dialled(event.address, event.error, event.now)
        return []
      case 'useful': {
        const link = this.#links.get(event.player)
        if (link) link.useful = event.now
        return []
      }
      case 'network':
        return this.#again(event.now)
      case 'look':
        return this.#look(event.now, event.wall)
    }
  }

  #learn(address: string, player: PlayerId, reason: Reason, now: Millis): PeerEffect[] {
    if (player === this.#init.self) return []
    const isLower = compareBytes(rawId(this.#init.self), rawId(player)) < 0
    const due = reason === 'heard' && !isLower ? now + GIVE_WAY : now
    const known = this.#addresses.get(address)
    if (known && reason === 'heard' && now - known.tried >= HEARD_AGAIN) known.due = Math.min(known.due, due)
    const dropped = this.#addresses.learn(address, player, reason, due)
    return dropped ? [{ do: 'dropped', address: dropped.address, player: dropped.player }] : []
  }

  #publish(players: ReadonlyMap<PlayerId, Published>, now: Millis): PeerEffect[] {
    const effects: PeerEffect[] = []
    for (const known of [...this.#addresses.all()]) {
      const published = players.get(known.player)
      const stands = published?.addresses.slice(0, MAX_OF_PLAYER).includes(known.address) ?? false
      for (const reason of ['follows', 'tracked'] as const) {
        if (!stands || published?.reason !== reason) this.#addresses.forget(known, reason)
      }
    }
    for (const [player, { addresses, reason }] of players) {
      for (const address of addresses.slice(0, MAX_OF_PLAYER)) {
        effects.push(...this.#learn(address, player, reason, now))
      }
    }
    return effects
  }

  /** A link that ended soon counts as a failure: whoever lets us in to throw us out is not dialled each second. */
  #ended(player: PlayerId, now: Millis): void {
    const link = this.#links.get(player)
    if (!link) return
    this.#links.delete(player)
    const lasted = now - link.since >= STEADY
    if (lasted && link.address !== undefined) this.#patience.forgive(player)
    for (const known of this.#addresses.of(player)) {
      if (lasted) known.failures = 0
      else if (known.address === link.address) this.#failed(known, now)
      this.#postpone(known, now)
    }
  }

  #dialled(address: string, error: string | undefined, now: Millis): void {
    const known = this.#addresses.get(address)
    if (!known) return
    known.dialling = false
    if (error === undefined) delete known.error
    else {
      known.error = error.slice(0, MAX_ERROR)
      this.#failed(known, now)
    }
    this.#postpone(known, now)
  }

  #failed(known: Known, now: Millis): void {
    known.failures++
    this.#patience.failed(known, now)
  }

  #postpone(known: Known, now: Millis): void {
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(30, Math.max(0, known.failures - 1)))
    known.due = now + wait * (0.5 + this.#init.random())
  }

  #look(now: Millis, wall: Millis): PeerEffect[] {
    const before = this.#looked
    this.#looked = { now, wall }
    if (!before) return []
    const passed = now - before.now
    return passed > SLEPT || wall - before.wall - passed > SLEPT ? this.#again(now) : []
  }

  /** What failed where the machine was before says nothing: all is dialled soon, and what is linked is asked whether it lives. */
  #again(now: Millis): PeerEffect[] {
    if (now - this.#allAgain < ALL_AGAIN) return []
    this.#allAgain = now
    this.#patience.forgiveAll()
    for (const known of this.#addresses.all()) {
      known.failures = Math.min(1, known.failures)
      known.due = Math.min(known.due, reasonOf(known) === 'asked' ? now : now + FIRST_WAIT * this.#init.random())
    }
    return [{ do: 'probe' }]
  }

  /** Dials what is due and what there is room for: the best reason first, of these the one that waits longest. */
  #dial(now: Millis): PeerEffect[] {
    const busy = new Set(this.#links.keys())
    let dialling = 0
    for (const { dialling: is, player } of this.#addresses.all()) {
      if (!is) continue
      dialling++
      busy.add(player)
    }
    const effects: PeerEffect[] = []
    for (const known of this.#due(now)) {
      if (dialling >= MAX_DIALLING) break
      if (busy.has(known.player) || !this.#hasRoom(known, busy)) continue
      busy.add(known.player)
      dialling++
      known.dialling = true
      known.tried = now
      effects.push({ do: 'dial', address: known.address, player: known.player })
    }
    return effects
  }

  #dueOf(known: Known): Millis {
    return Math.max(known.due, this.#patience.due(known))
  }

  #due(now: Millis): Known[] {
    return [...this.#addresses.all()]
      .filter((known) => !known.dialling && this.#dueOf(known) <= now)
      .sort((a, b) => rankOf(reasonOf(a)) - rankOf(reasonOf(b)) || a.due - b.due)
  }

  #hasRoom(known: Known, busy: ReadonlySet<PlayerId>): boolean {
    const reason = reasonOf(known)
    if (reason === 'asked') return true
    // Whoever comes in by itself takes half of the room at most: nobody can shut this node in.
    const { links } = this.#init.settings
    const ours = [...busy].filter(
      (player) => !this.#links.has(player) || this.#links.get(player)?.address !== undefined,
    )
    if (busy.size >= links && ours.length >= links / 2) return false
    if (reason !== 'heard' || this.#rank(known.player) < rankOf('heard')) return true
    let heard = 0
    for (const player of busy) if (this.#rank(player) === rankOf('heard')) heard++
    return heard < this.#init.settings.heard
  }

  /** The best reason for which any address of a player is known. */
  #rank(player: PlayerId): number {
    return Math.min(Infinity, ...[...this.#addresses.of(player)].map((known) => rankOf(reasonOf(known))))
  }

  /**
   * Where one that is as well known waits for room, the link of ours that brought nothing for longest makes some; never one
   * that was asked for.
   */
  #rotate(now: Millis): PeerEffect[] {
    if (this.#links.size < this.#init.settings.links || now - this.#rotated < ROTATE) return []
    const [next] = this.#due(now).filter(({ player }) => !this.#links.has(player))
    if (!next) return []
    const least = Math.max(rankOf(reasonOf(next)), rankOf('asked') + 1)
    const [idle] = [...this.#links]
      .filter(([, { address, useful }]) => address !== undefined && now - useful >= IDLE)
      .filter(([player]) => this.#rank(player) >= least)
      .sort(([, a], [, b]) => a.useful - b.useful)
    if (!idle) return []
    this.#rotated = now
    return [{ do: 'hangUp', player: idle[0] }]
  }
}
