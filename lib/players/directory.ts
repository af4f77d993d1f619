import { MarmaladeError, isPlayerId, isPlayerRef, playerOfRef, type PlayerId } from '../base/index.ts'
import { compareHeads, readPayload, type Entry, type HeadPosition, type PayloadOf } from '../entry/index.ts'
import { ShortIds } from '../keys/index.ts'
import type { Change, Store } from '../store/index.ts'

type Identification = PayloadOf<'identification'>

/** What players say of themselves, and how to name them to people. */
export class Directory {
  readonly #store: Store
  readonly #said = new Map<PlayerId, { position: HeadPosition; payload: Identification }[]>()
  readonly #known = new Set<PlayerId>()
  readonly #short = new ShortIds()

  constructor(store: Store) {
    this.#store = store
  }

  /** Reads every head and identification that the store has. `followed`: in the order in which they were followed. */
  async load(followed: Iterable<PlayerId>): Promise<void> {
    this.#said.clear()
    for (const player of followed) this.#short.followed(player)
    for await (const head of this.#store.heads()) this.#meet(head.identity)
    for await (const entry of this.#store.byType('identification')) this.#fold(entry)
  }

  async observe(change: Change): Promise<void> {
    this.#meet(change.head.identity)
    if (change.changeover) await this.#reload(change.head.identity)
    else for (const entry of change.entries) this.#fold(entry)
  }

  followed(player: PlayerId): void {
    this.#short.followed(player)
    this.#known.add(player)
  }

  /** Everyone of whom an entry or a follow is here. */
  players(): Iterable<PlayerId> {
    return this.#known
  }

  /** The last identification's fields, each the newest said. */
  identification(player: PlayerId): Identification {
    const all = this.#said.get(player) ?? []
    return Object.assign({ type: 'identification' as const }, ...all.map((said) => said.payload)) as Identification
  }

  /** The name a player gave itself, if any. */
  nameOf(player: PlayerId): string | undefined {
    const { name } = this.identification(player)
    return name === undefined || name === '' ? undefined : name
  }

  /** The short id, or the full identity where another has the short id. */
  shortOf(player: PlayerId): string {
    return this.#short.shown(player)
  }

  /** For people: the name where it is unambiguous here, else the short id or the identity. */
  shown(player: PlayerId): string {
    const name = this.nameOf(player)
    return name !== undefined && this.#named(name).length === 1 ? name : this.shortOf(player)
  }

  /**
   * Whom text means: an identity, its 43 characters of base64url, a short id, or an unambiguous name.
   * @throws MarmaladeError PLAYER_UNKNOWN, PLAYER_AMBIGUOUS
   */
  resolve(text: string): PlayerId {
    if (isPlayerId(text)) return text
    if (isPlayerRef(text)) return playerOfRef(text)
    const short = this.#short.resolve(text)
    if (short) return short
    const named = this.#named(text.replace(/^@/, ''))
    const [only, ...others] = named
    if (only === undefined) {
      throw new MarmaladeError('PLAYER_UNKNOWN', `nobody here is called ${text}: give an identity, or see \`feeds\``)
    }
    if (others.length > 0) {
      const ids = named.map((player) => this.shortOf(player)).join(', ')
      throw new MarmaladeError('PLAYER_AMBIGUOUS', `several players are called ${text}: say which of ${ids}`)
    }
    return only
  }

  #named(name: string): PlayerId[] {
    return [...this.#known].filter((player) => this.nameOf(player) === name)
  }

  #meet(player: PlayerId): void {
    this.#known.add(player)
    this.#short.verified(player)
  }

  async #reload(player: PlayerId): Promise<void> {
    this.#said.delete(player)
    for await (const entry of this.#store.byType('identification', { identity: player })) this.#fold(entry)
  }

  #fold(entry: Entry): void {
    const read = readPayload(entry)
    if (read.kind !== 'identification') return
    const all = this.#said.get(entry.identity) ?? []
    const merged = [...all, { position: entry, payload: read.payload }].sort((a, b) =>
      compareHeads(a.position, b.position),
    )
    this.#said.set(entry.identity, merged.slice(-32))
  }
}
