import { fromBase64, hasCode, hex, MarmaladeError } from '../../lib/base/index.ts'
import type { EntryKey, JamId, Millis, PlayerId } from '../../lib/base/index.ts'
import { verifyInvite } from '../../lib/entry/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import type { InviteRow } from './contract.ts'
import type { InvitesFile, InvitesState, Issued } from './file.ts'

/** Invites kept: where there is no room, those that are over make some, the oldest first. */
const MAX_ISSUED = 256
/** Entries remembered whose invites are not good. */
const MAX_REFUSED = 1_024

interface Init {
  readonly state: InvitesState
  readonly file: InvitesFile
  /** Milliseconds since 1970. */
  readonly now: () => Millis
  /** Lets a player in: follows it and admits it to the jam, as the invite says. */
  readonly welcome: (player: PlayerId, issued: Issued) => Promise<void>
}

/** What is shown of an invite. */
export interface Shown {
  readonly key: string
  readonly sig: string
  readonly jam?: JamId | undefined
}

/** The invites of this node's player: who may still come in by which, kept over restarts; each lets a player in once. */
export class Issuing {
  readonly #init: Init
  /** One at a time: two who come in at once use two. */
  #last: Promise<unknown> = Promise.resolve()
  readonly #refused = new Set<EntryKey>()

  constructor(init: Init) {
    this.#init = init
  }

  list(): readonly Issued[] {
    return this.#init.state.issued
  }

  /** @throws MarmaladeError INVITES_FULL, INVITES_UNREADABLE */
  add(issued: Issued): Promise<void> {
    return this.#inTurn(async () => {
      const { issued: all } = this.#init.state
      const over = all.findIndex((one) => this.stateOf(one) !== 'open')
      if (all.length >= MAX_ISSUED && over < 0) {
        throw new MarmaladeError('INVITES_FULL', `${MAX_ISSUED} invites are open: revoke some first (\`invite list\`)`)
      }
      if (all.length >= MAX_ISSUED) all.splice(over, 1)
      all.push(issued)
      await this.#save()
    })
  }

  /** @throws MarmaladeError INVITE_UNKNOWN, INVITES_UNREADABLE */
  revoke(text: string): Promise<Issued> {
    return this.#inTurn(async () => {
      const [found, ...others] = this.list().filter(({ key }) => nameOf(key).startsWith(text.toLowerCase()))
      if (!found || others.length > 0) {
        const why = found ? 'several invites begin so' : 'no invite begins so'
        throw new MarmaladeError('INVITE_UNKNOWN', `${why}: \`invite list\` shows them`)
      }
      found.revoked = true
      await this.#save()
      return found
    })
  }

  /**
   * Lets a player in who shows an invite. Showing it again changes nothing.
   * @throws MarmaladeError INVITE_UNKNOWN, INVITE_FORGED, INVITE_REVOKED, INVITE_EXPIRED, INVITE_USED_UP
   */
  redeem(player: PlayerId, { key, sig, jam }: Shown): Promise<Issued> {
    return this.#inTurn(async () => {
      const issued = this.list().find((one) => one.key === key && one.jam === jam)
      if (!issued) throw new MarmaladeError('INVITE_UNKNOWN', 'this node knows no such invite: ask for another')
      if (!verifyInvite({ key, sig }, jam ?? '', player, nodeCrypto)) {
        throw new MarmaladeError('INVITE_FORGED', 'the key of the invite did not sign for this player')
      }
      let joined = issued.joined.find((one) => one.player === player)
      if (!joined) {
        this.#check(issued)
        joined = { player, in: false }
        issued.joined.push(joined)
        await this.#save()
      }
      if (joined.in) return issued
      await this.#init.welcome(player, issued)
      joined.in = true
      await this.#save()
      return issued
    })
  }

  /**
   * The same for an invite in an entry, which is met again with every change of its jam: nothing more becomes of one that was
   * refused for good.
   * @throws MarmaladeError what redeem throws, the first time
   */
  async redeemIn(entry: EntryKey, player: PlayerId, shown: Shown): Promise<void> {
    if (this.#refused.has(entry)) return
    try {
      await this.redeem(player, shown)
    } catch (error) {
      if (isFinal(error)) this.#refused.add(entry)
      const [oldest] = this.#refused
      if (this.#refused.size > MAX_REFUSED && oldest !== undefined) this.#refused.delete(oldest)
      throw error
    }
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#last
  }

  stateOf({ revoked, expires, uses, joined }: Issued): InviteRow['state'] {
    if (revoked) return 'revoked'
    if (joined.length >= uses) return 'used up'
    return expires !== undefined && expires <= this.#init.now() ? 'expired' : 'open'
  }

  #check(issued: Issued): void {
    const state = this.stateOf(issued)
    if (state === 'revoked') throw new MarmaladeError('INVITE_REVOKED', 'that invite was taken back: ask for another')
    if (state === 'used up') {
      throw new MarmaladeError('INVITE_USED_UP', 'that invite has been used as often as it may be: ask for another')
    }
    if (state === 'expired') throw new MarmaladeError('INVITE_EXPIRED', 'that invite has expired: ask for another')
  }

  #save(): Promise<void> {
    return this.#init.file.save(this.#init.state)
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return done
  }
}

/** What an invite is called here. */
export const nameOf = (key: string): string => hex(fromBase64(key)).slice(0, 8)

/** What no later attempt will change. */
export function isFinal(error: unknown): error is MarmaladeError {
  const codes = ['INVITE_UNKNOWN', 'INVITE_REVOKED', 'INVITE_EXPIRED', 'INVITE_USED_UP', 'INVITE_FORGED'] as const
  return codes.some((code) => hasCode(error, code))
}
