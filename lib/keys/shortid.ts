import { base64, rawId } from '../base/index.ts'
import type { PlayerId } from '../base/index.ts'
import { nodeCrypto } from './crypto.ts'

/** The first 8 characters of the base64 SHA-256 of the raw public key, `/` written as `_`. */
export const shortIdOf = (id: PlayerId): string =>
  base64(nodeCrypto.sha256(rawId(id)))
    .slice(0, 8)
    .replaceAll('/', '_')

/**
 * Who keeps a short id that several known identities share: one that is followed (the first to be), else the first
 * verified. The others are shown by their full identity. For people and folder names only.
 */
export class ShortIds {
  /** By short id: those known, in the order in which they were verified. */
  readonly #known = new Map<string, PlayerId[]>()
  readonly #shortIds = new Map<PlayerId, string>()
  /** In the order in which they were followed. */
  readonly #followed = new Set<PlayerId>()

  /** An identity of whom an entry's own signature has been checked. Call once or often: the first call counts. */
  verified(id: PlayerId): void {
    if (this.#shortIds.has(id)) return
    const short = shortIdOf(id)
    this.#shortIds.set(id, short)
    const sharing = this.#known.get(short)
    if (sharing) sharing.push(id)
    else this.#known.set(short, [id])
  }

  /** Followed identities are known, verified or not. */
  followed(id: PlayerId): void {
    this.#followed.add(id)
    this.verified(id)
  }

  unfollowed(id: PlayerId): void {
    this.#followed.delete(id)
  }

  /** How the identity is shown: its short id where it keeps it, else the full identity. */
  shown(id: PlayerId): string {
    const short = this.#shortIds.get(id)
    return short !== undefined && this.#keeper(short) === id ? short : id
  }

  /** Whom a short id means; undefined where nobody known has it. */
  resolve(short: string): PlayerId | undefined {
    return this.#keeper(short)
  }

  #keeper(short: string): PlayerId | undefined {
    const sharing = this.#known.get(short)
    if (!sharing || sharing.length < 2) return sharing?.[0]
    for (const id of this.#followed) if (sharing.includes(id)) return id
    return sharing[0]
  }
}
