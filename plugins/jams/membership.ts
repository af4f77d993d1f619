import { MarmaladeError, ownedParts, type Clock, type JamId, type PlayerId, type Ticks } from '../../lib/base/index.ts'
import type { PluginHost } from '../../lib/host/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import { jamsContract } from './contract.ts'
import type { Jams } from './jams.ts'
import type { LiveJam } from './live.ts'

/** Callers that asked to join and wait (FEEDS section 5). */
const MAX_ASKING = 64

interface Init {
  readonly host: PluginHost
  readonly feeds: FeedsApi
  readonly jams: Jams
  readonly clock: Clock
  /** Admit those whom our player follows without asking it. */
  readonly admitFollowed: boolean
}

/** Who is in which jam: asks to be let in where we wait, lets in whom our player follows, keeps members' feeds. */
export class Membership {
  readonly #init: Init
  /** Callers whose feeds are tracked because they asked, oldest first. */
  readonly #asking = new Map<PlayerId, JamId>()
  /** Admitted by us already: an admit takes a moment to come back through the store. */
  readonly #admitted = new Set<string>()

  constructor(init: Init) {
    this.#init = init
    init.feeds.addInterest('jam', () => this.#membersOfAll())
    init.feeds.addInterest('asks to join', () => this.#asking.keys(), 'request')
    init.feeds.addServing((peer, _role, feed) => this.#shareJam(peer, feed))
    init.host.addRoleResolver((player) => (this.memberOfAny(player) ? 'member' : undefined))
  }

  memberOfAny(player: PlayerId): boolean {
    return this.#init.jams.joined().some((jam) => isMember(jam, player, this.tickNow(jam)))
  }

  /** The tick of this moment, a fraction of one included. */
  tickNow(jam: LiveJam): Ticks {
    return Math.max(0, jam.ledger.grid.tickOfFrame(jam.frameAt(this.#init.clock.micros())))
  }

  /** A caller asks to join: its feed is tracked so that its join entry arrives. @throws JAM_UNKNOWN */
  ask(caller: PlayerId, id: JamId): 'member' | 'waiting' {
    const jam = this.#init.jams.joined().find((joined) => joined.jam === id)
    if (!jam) throw new MarmaladeError('JAM_UNKNOWN', 'this node is not in that jam: ask its starter or a member')
    if (isMember(jam, caller, this.tickNow(jam))) return 'member'
    this.#asking.delete(caller)
    this.#asking.set(caller, id)
    const [oldest] = this.#asking.keys()
    if (this.#asking.size > MAX_ASKING && oldest !== undefined) this.#asking.delete(oldest)
    this.#init.feeds.interestChanged()
    return 'waiting'
  }

  /** After anything changed in a jam: new members' feeds are wanted, and followed players who ask are admitted. */
  async refresh(jam: LiveJam): Promise<void> {
    const { feeds, host, admitFollowed } = this.#init
    feeds.interestChanged()
    await host.rolesChanged()
    const self = feeds.identity.id
    if (!admitFollowed || !isMember(jam, self, this.tickNow(jam))) return
    for (const { player } of jam.ledger.members.waiting) {
      if (!feeds.follows.follows(self, player) || feeds.follows.blocks(player)) continue
      await this.admit(jam, player)
    }
  }

  /** Lets a player in, or, if it left or was removed, back in from now on; nothing where it is in already. */
  async admit(jam: LiveJam, player: PlayerId): Promise<void> {
    if (isMember(jam, player, this.tickNow(jam))) return
    const mark = `${jam.jam} ${player}`
    const back = this.#outNow(jam, player)
    if (this.#admitted.has(mark) && !back) return
    this.#admitted.add(mark)
    const at = back ? { at: Math.ceil(this.tickNow(jam)) } : {}
    await this.#init.feeds.publish({ type: 'jam', jam: jam.jam, action: 'admit', identity: player, ...at })
    this.#asking.delete(player)
  }

  /** Says to a connected peer which jams we want to be let into. */
  async introduce(peer: PlayerId): Promise<void> {
    const { host, jams, feeds } = this.#init
    const connection = host.connectionTo(peer)
    if (!connection) return
    for (const jam of jams.joined()) {
      const { members, starter } = jam.ledger
      if (members.everyone.has(feeds.identity.id)) continue
      if (peer !== starter && !members.everyone.has(peer)) continue
      try {
        await connection.remote(jamsContract).join({ jam: jam.jam })
      } catch (error) {
        host.log.info({ err: error, peer }, 'could not ask to join')
      }
    }
  }

  #outNow(jam: LiveJam, player: PlayerId): boolean {
    return jam.ledger.members.everyone.has(player) && !isMember(jam, player, this.tickNow(jam))
  }

  *#membersOfAll(): Iterable<PlayerId> {
    for (const jam of this.#init.jams.joined()) {
      yield ownedParts(jam.jam).owner
      yield* jam.ledger.members.everyone
    }
  }

  /** Members of one jam may know each other's feeds, and those of players who wait to be let in. */
  #shareJam(peer: PlayerId, feed: PlayerId): boolean {
    return this.#init.jams.joined().some((jam) => {
      const { members } = jam.ledger
      return members.everyone.has(peer) && (members.everyone.has(feed) || feed === jam.ledger.starter)
    })
  }
}

/** Whether a player's entries at this tick count. */
export const isMember = (jam: LiveJam, player: PlayerId, at: Ticks): boolean => jam.ledger.members.countsAt(player, at)
