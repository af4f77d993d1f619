import {
  base64,
  MarmaladeError,
  rawId,
  timeoutAfter,
  type Micros,
  type Millis,
  type PlayerId,
} from '../../lib/base/index.ts'
import type { InviteProof } from '../../lib/entry/index.ts'
import { inviteMessage } from '../../lib/entry/index.ts'
import { formatAddress, hostOf, type Connection, type PluginHost } from '../../lib/host/index.ts'
import { generateIdentity, nodeCrypto } from '../../lib/keys/index.ts'
import { readInvite } from '../../lib/peers/index.ts'
import type { ConnectionsApi } from '../connections/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import type { JamsApi } from '../jams/index.ts'
import { Arrival } from './arrival.ts'
import { invitesContract } from './contract.ts'
import type { InvitesFile, InvitesState, Pending } from './file.ts'
import { isFinal } from './issuing.ts'

/** Invites kept whose inviter has not been reached; the oldest goes. */
const MAX_PENDING = 64
/** How long the inviter's node has to answer, and to be reached. */
const REACH_MILLIS = 8_000
/** How long the inviter's feed is waited for, so that what comes next finds its name, its jam and who is in it. */
const ARRIVE_MILLIS = 3_000

interface Init {
  readonly host: PluginHost
  readonly feeds: FeedsApi
  readonly jams: JamsApi
  readonly connections: ConnectionsApi
  readonly state: InvitesState
  readonly file: InvitesFile
  readonly network: Uint8Array
  /** Milliseconds since 1970. */
  readonly now: () => Millis
}

/** Where an invite led: `error` where its inviter could not be reached. */
export interface Accepted {
  readonly pending: Pending
  readonly error?: string
}

/** Takes up invites of others: reaches the inviter, shows the invite, follows, asks to join. */
export class Accepting {
  readonly #init: Init
  /** Inviters to whom an invite is being shown. */
  readonly #showing = new Set<PlayerId>()

  constructor(init: Init) {
    this.#init = init
  }

  /**
   * @throws MarmaladeError INVITE_MALFORMED, INVITE_NETWORK, INVITE_OWN, INVITE_EXPIRED, PLAYER_BLOCKED, and what the
   * inviter's node says: INVITE_UNKNOWN, INVITE_REVOKED, INVITE_EXPIRED, INVITE_USED_UP
   */
  async accept(code: string, signal: AbortSignal): Promise<Accepted> {
    const pending = this.#read(code)
    const { inviter, addresses } = pending
    const arrival = await Arrival.of(this.#init.feeds, inviter)
    try {
      const reached = await this.#reach(pending)
      // Refused it would have thrown: so the invite is good, or nobody knows yet.
      for (const address of addresses) this.#init.connections.want(address)
      await this.#follow(inviter)
      await this.#join(pending)
      if ('error' in reached) return await this.#later(pending, reached.error)
      const patience = AbortSignal.any([signal, timeoutAfter(ARRIVE_MILLIS)])
      if (reached.head !== undefined) await arrival.upTo(reached.head, patience)
      return { pending }
    } finally {
      arrival.close()
    }
  }

  async #later(pending: Pending, error: string): Promise<Accepted> {
    const { state, file } = this.#init
    state.pending = [...state.pending.filter(({ key }) => key !== pending.key), pending].slice(-MAX_PENDING)
    await file.save(state)
    return { pending, error }
  }

  /** Shows what is pending to an inviter that has come. */
  async show(connection: Connection): Promise<void> {
    const { state, file, host } = this.#init
    const { player } = connection
    const mine = state.pending.filter(({ inviter }) => inviter === player)
    if (mine.length === 0 || this.#showing.has(player)) return
    this.#showing.add(player)
    try {
      for (const pending of mine) {
        try {
          await redeem(connection, pending)
        } catch (error) {
          if (!isFinal(error)) throw error
          host.log.warn({ code: error.code, inviter: player }, 'an invite that was accepted is not good any more')
        }
        state.pending = state.pending.filter((one) => one !== pending)
        await file.save(state)
      }
    } finally {
      this.#showing.delete(player)
    }
  }

  /** Dials the inviters of what is pending. */
  resume(): void {
    for (const { addresses } of this.#init.state.pending)
      for (const address of addresses) this.#init.connections.want(address)
  }

  #read(code: string): Pending {
    const { feeds, network, now } = this.#init
    const read = readInvite(code, network, nodeCrypto)
    if (!read.ok) throw new MarmaladeError(read.code, read.message)
    const { inviter, seed, jam, expires, addresses } = read.invite
    const self = feeds.identity.id
    if (inviter === self) throw new MarmaladeError('INVITE_OWN', 'that invite is your own: give it to somebody else')
    if (feeds.follows.blocks(inviter)) {
      throw new MarmaladeError('PLAYER_BLOCKED', 'you block whoever made that invite: unblock first')
    }
    if (expires !== undefined && expires * 1_000 <= now()) {
      throw new MarmaladeError('INVITE_EXPIRED', 'that invite has expired: ask for another')
    }
    const { id, signer } = generateIdentity(seed)
    return {
      inviter,
      key: base64(rawId(id)),
      sig: base64(signer.sign(inviteMessage(jam ?? '', self))),
      ...(jam !== undefined && { jam }),
      // Whoever makes codes by other means may write a host that is none: the others count.
      addresses: addresses
        .filter(({ host }) => hostOf(host) !== undefined)
        .map(({ host, port }) => formatAddress({ host, port, player: inviter })),
    }
  }

  /** Shows the invite to its inviter: how far its feed goes, or what was wrong. @throws what the inviter refuses with */
  async #reach(pending: Pending): Promise<{ readonly head: Micros | undefined } | { readonly error: string }> {
    const { host } = this.#init
    const { inviter, addresses } = pending
    const signal = timeoutAfter(REACH_MILLIS)
    try {
      const present = host.connectionTo(inviter)
      if (!present && addresses.length === 0) return { error: 'the invite holds no address' }
      const connection = present ?? (await host.connect(addresses, { signal }))
      return { head: await redeem(connection, pending, signal) }
    } catch (error) {
      if (isFinal(error)) throw error
      return { error: error instanceof Error ? error.message : String(error) }
    }
  }

  async #follow(inviter: PlayerId): Promise<void> {
    const { feeds } = this.#init
    if (feeds.follows.follows(feeds.identity.id, inviter)) return
    await feeds.publish({ type: 'follow', identity: inviter, on: true })
  }

  /** The join entry carries the invite, so that it counts whichever way it comes to the inviter. */
  async #join({ jam, key, sig, inviter }: Pending): Promise<void> {
    if (jam === undefined) return
    const { feeds, jams } = this.#init
    if (jams.joined().some((joined) => joined.jam === jam)) {
      await jams.select(jam)
      return
    }
    const invite: InviteProof = { by: inviter, key, sig }
    await feeds.publish({ type: 'jam', jam, action: 'join', invite })
  }
}

/** Gives the comparable of the last entry of the inviter's feed, where its node says that. */
async function redeem(
  connection: Connection,
  { key, sig, jam }: Pending,
  signal?: AbortSignal,
): Promise<Micros | undefined> {
  const shown = { key, sig, ...(jam !== undefined && { jam }) }
  const { head } = await connection.remote(invitesContract).redeem(shown, signal ? { signal } : {})
  return head
}
