import { MarmaladeError, type Clock, type JamId, type Micros, type PlayerId, type Ticks } from '../../lib/base/index.ts'
import type { PluginHost } from '../../lib/host/index.ts'
import { comparePublished, type JoinRequest, type Members } from '../../lib/jam/index.ts'
import type { Detail, FeedsApi } from '../feeds/index.ts'
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
  /** Connected callers whose feeds are tracked because they asked, oldest first. */
  readonly #asking = new Map<PlayerId, JamId>()
  /** Admits of ours that are being written: they take a moment to come back through the store. */
  readonly #admitting = new Set<string>()
  /** The members of each jam, and who plays in what it carries on, as they were looked at last. */
  readonly #seen = new WeakMap<LiveJam, { readonly members: Members; readonly carried: string }>()
  readonly #undo: (() => void)[]

  constructor(init: Init) {
    this.#init = init
    const { feeds, host } = init
    this.#undo = [
      feeds.addInterest(
        'jam',
        () => this.#members('in'),
        'jam',
        (player) => this.#explain(player, 'in'),
      ),
      feeds.addInterest(
        'was in a jam',
        () => this.#members('gone'),
        'past',
        (player) => this.#explain(player, 'gone'),
      ),
      feeds.addInterest(
        'asks to join',
        () => this.#asking.keys(),
        'request',
        (player) => {
          const jam = this.#asking.get(player)
          return jam === undefined ? [] : [{ kind: 'asks', jam }]
        },
      ),
      feeds.addServing((peer, _role, feed) => this.#shareJam(peer, feed)),
      host.addRoleResolver((player) => (this.memberOfAny(player) ? 'member' : undefined)),
      host.onDisconnect(({ player }) => this.#forget(player)),
    ]
  }

  /** Takes back every say that it had. */
  stop(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo()
  }

  memberOfAny(player: PlayerId): boolean {
    return this.#init.jams.joined().some((jam) => isMember(jam, player, this.tickNow(jam)))
  }

  /** The tick of this moment, a fraction of one included. */
  tickNow(jam: LiveJam): Ticks {
    return Math.max(0, jam.ledger.grid.tickOfFrame(jam.frameAt(this.#init.clock)))
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
    this.#init.feeds.interestChanged('asks to join')
    return 'waiting'
  }

  /** Who asks to be let in: by an entry that is here, or by a call, where a longer feed has yet to bring its entry. */
  waiting(jam: LiveJam): PlayerId[] {
    const called = [...this.#asking].filter(([, id]) => id === jam.jam).map(([player]) => player)
    const { members } = jam.ledger
    const asked = [...members.waiting, ...members.returning].map(({ player }) => player)
    return [...new Set([...asked, ...called])].filter((player) => !staysIn(jam, player))
  }

  /** After anything changed in a jam: new members' feeds are wanted, and followed players who ask are admitted. */
  async refresh(jam: LiveJam): Promise<void> {
    const { members, players } = jam.ledger
    const carried = [...jam.ledger.carriedPlayers()].join()
    const before = this.#seen.get(jam)
    const isShaped = before?.members !== members
    if (!isShaped && before.carried === carried) return
    this.#seen.set(jam, { members, carried })
    if (isShaped) this.#init.feeds.interestChanged()
    this.#serveMembers(members, players)
    if (isShaped) await this.admitFollowed(jam)
  }

  /** Lets in those who ask and whom our player follows; back in, where ours is the word that counts. */
  async admitFollowed(jam: LiveJam): Promise<void> {
    const { feeds, admitFollowed } = this.#init
    const self = feeds.identity.id
    if (!admitFollowed || !isMember(jam, self, this.tickNow(jam))) return
    const { waiting, returning, starter } = jam.ledger.members
    const asking: JoinRequest[] = [...waiting, ...(starter === self ? returning : [])]
    for (const { player } of asking) {
      if (feeds.follows.follows(self, player) && !feeds.follows.blocks(player)) await this.admit(jam, player)
    }
  }

  /**
   * Lets a player in, or, if it left or was removed, back in from now on; nothing where it is in already.
   * @throws MarmaladeError STARTER_ONLY where only the starter can let that player back in
   */
  async admit(jam: LiveJam, player: PlayerId): Promise<void> {
    if (staysIn(jam, player)) return
    const { feeds, jams } = this.#init
    const { starter, members } = jam.ledger
    const back = members.everyone.has(player)
    if (back && starter !== feeds.identity.id) {
      throw new MarmaladeError('STARTER_ONLY', 'that player has been in this jam: only its starter lets it back in')
    }
    const mark = `${jam.jam} ${player}`
    if (this.#admitting.has(mark)) return
    this.#admitting.add(mark)
    try {
      const at = back ? { at: Math.ceil(this.tickNow(jam)) } : {}
      await feeds.publish({ type: 'jam', jam: jam.jam, action: 'admit', identity: player, ...at })
      await jams.settled()
    } finally {
      this.#admitting.delete(mark)
    }
    this.#forget(player)
  }

  /** Says to a connected peer which jams we want to be let into. */
  async introduce(peer: PlayerId): Promise<void> {
    const { host, jams, feeds } = this.#init
    const connection = host.connectionTo(peer)
    if (!connection) return
    for (const jam of jams.joined()) {
      const { members, starter } = jam.ledger
      if (staysIn(jam, feeds.identity.id)) continue
      if (peer !== starter && !members.everyone.has(peer)) continue
      try {
        await connection.remote(jamsContract).join({ jam: jam.jam })
      } catch (error) {
        host.log.info({ err: error, peer }, 'could not ask to join')
      }
    }
  }

  #forget(player: PlayerId): void {
    if (this.#asking.delete(player)) this.#init.feeds.interestChanged('asks to join')
  }

  /** Members of joined jams, or those who are none, or no more, and whose entries belong to the score. */
  *#members(which: 'in' | 'gone'): Iterable<PlayerId> {
    for (const jam of this.#init.jams.joined()) {
      for (const player of jam.ledger.players) if (staysIn(jam, player) === (which === 'in')) yield player
    }
  }

  /** For which jams a player's feed is kept, and who let it in. */
  #explain(player: PlayerId, which: 'in' | 'gone'): Detail[] {
    const details: Detail[] = []
    for (const jam of this.#init.jams.joined()) {
      const { members, players } = jam.ledger
      if (!players.has(player) || staysIn(jam, player) !== (which === 'in')) continue
      if (!members.everyone.has(player)) details.push({ kind: 'carried on', jam: jam.jam })
      else if (which === 'gone') details.push({ kind: 'was a member', jam: jam.jam })
      else details.push({ kind: 'member', jam: jam.jam, ...admittedIn(jam, player) })
    }
    return details
  }

  /**
   * Members of one jam may know the feeds of all who were in it, of those who wait to be let in, and of those whose entries it begins
   * with, once such an entry is here. Whoever is let into a second jam is tracked for the same reason as before, and may have other
   * feeds now.
   */
  #serveMembers({ waiting }: Members, players: ReadonlySet<PlayerId>): void {
    const shared = new Set([...players, ...waiting.map(({ player }) => player)])
    for (const { player } of this.#init.host.connections())
      if (shared.has(player)) this.#init.feeds.servingChanged(player, shared)
  }

  #shareJam(peer: PlayerId, feed: PlayerId): boolean {
    return this.#init.jams.joined().some((jam) => {
      const { ledger } = jam
      const { members, players } = ledger
      if (!isMember(jam, peer, this.tickNow(jam))) return false
      if (members.everyone.has(feed) || members.waiting.some(({ player }) => player === feed)) return true
      return players.has(feed) && ledger.carriedPlayers().has(feed)
    })
  }
}

/** By whom a player was let in first; nothing for the starter. */
function admittedIn({ ledger }: LiveJam, player: PlayerId): { admitted?: { by: PlayerId; at: Micros } } {
  if (player === ledger.starter) return {}
  const admits = [...ledger.items()].filter(
    (item) => item.kind === 'admit' && item.payload.identity === player && ledger.members.everyone.has(item.identity),
  )
  const [first] = admits.sort(comparePublished)
  return first ? { admitted: { by: first.identity, at: first.comparable } } : {}
}

/** Whether a player's entries at this tick count. */
export const isMember = (jam: LiveJam, player: PlayerId, at: Ticks): boolean => jam.ledger.members.countsAt(player, at)

/** Whether a player is in, and has not said, nor been told, that it goes. */
export const staysIn = (jam: LiveJam, player: PlayerId): boolean => isMember(jam, player, Infinity)
