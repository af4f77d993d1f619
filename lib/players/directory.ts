import {
  MarmaladeError,
  compareBytes,
  isPlayerId,
  isPlayerRef,
  playerOfRef,
  rawId,
  refOf,
  type PlayerId,
} from '../base/index.ts'
import { compareHeads, type Entry, type HeadPosition, type PayloadOf } from '../entry/index.ts'
import { ShortIds } from '../keys/index.ts'
import type { Change, Store } from '../store/index.ts'
import { believedIn } from './original.ts'

type Identification = PayloadOf<'identification'>

/** What a player said under one key of its identifications, last. */
interface Field {
  readonly position: HeadPosition
  readonly value: unknown
}
/** The keys that count: FEEDS section 4. Others are not remembered. */
const SAYS: ReadonlySet<string> = new Set(['identification'])
const FIELDS = ['name', 'about', 'image', 'addresses'] as const satisfies readonly (keyof Identification)[]

/** What players say of themselves, and how to name them to people. */
export class Directory {
  readonly #store: Store
  readonly #said = new Map<PlayerId, Map<string, Field>>()
  /** By name: those who have given it to themselves. */
  readonly #named = new Map<string, Set<PlayerId>>()
  readonly #known = new Set<PlayerId>()
  readonly #short = new ShortIds()
  readonly #followed = new Set<PlayerId>()

  constructor(store: Store) {
    this.#store = store
  }

  /** Reads every head and identification that the store has. `followed`: in the order in which they were followed. */
  async load(followed: Iterable<PlayerId>): Promise<void> {
    this.#said.clear()
    this.#named.clear()
    this.setFollowed(followed)
    for await (const head of this.#store.heads()) this.#meet(head.identity)
    for await (const entry of this.#store.byType('identification')) await this.#fold(entry)
  }

  /** Folds a change of the store in. */
  async observe(change: Change): Promise<void> {
    const { identity } = change.head
    this.#meet(identity)
    if (change.changeover) await this.#reload(identity)
    else for (const entry of change.entries) await this.#fold(entry)
  }

  /** Who is followed from now on, in the order in which they were: of those who share a short id the first keeps it. */
  setFollowed(followed: Iterable<PlayerId>): void {
    const now = new Set(followed)
    for (const player of this.#followed) if (!now.has(player)) this.#follow(player, 'no more')
    for (const player of now) this.#follow(player, 'now')
  }

  /** The same where only these may be followed now, or no more. */
  followMoved(players: Iterable<PlayerId>, isFollowed: (player: PlayerId) => boolean): void {
    for (const player of players) this.#follow(player, isFollowed(player) ? 'now' : 'no more')
  }

  /** Everyone of whom an entry or a follow is here. */
  players(): Iterable<PlayerId> {
    return this.#known
  }

  /** What a player says of itself: of each key what it said last. */
  identification(player: PlayerId): Identification {
    const fields = [...(this.#said.get(player) ?? [])].map(([field, { value }]) => [field, value] as const)
    return { type: 'identification', ...Object.fromEntries(fields) }
  }

  /** The name a player gave itself, if any. */
  nameOf(player: PlayerId): string | undefined {
    const name = this.#said.get(player)?.get('name')?.value
    return typeof name === 'string' && name !== '' ? name : undefined
  }

  /** The short id, or the full identity where another has the short id. */
  shortOf(player: PlayerId): string {
    return this.#short.shown(player)
  }

  /** A name for files and folders: the short id, or the 43 characters of the key where another has the short id. */
  fileNameOf(player: PlayerId): string {
    const short = this.#short.shown(player)
    return short === player ? refOf(player) : short
  }

  /** For people: the name where it means this player alone, also when it is typed; else the short id or the identity. */
  shown(player: PlayerId): string {
    const name = this.nameOf(player)
    return name !== undefined && this.#means(name, player) ? name : this.shortOf(player)
  }

  /** Whether `resolve` takes a name for this player: none that looks like another's identity, or is its short id. */
  #means(name: string, player: PlayerId): boolean {
    if (this.#named.get(name)?.size !== 1 || isPlayerId(name) || isPlayerRef(name)) return false
    return (this.#short.resolve(name) ?? player) === player
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
    const named = [...(this.#named.get(text) ?? this.#named.get(text.replace(/^@/, '')) ?? [])]
    const [only, ...others] = named
    if (only === undefined) {
      throw new MarmaladeError('PLAYER_UNKNOWN', `nobody here is called ${text}: give an identity, or see \`feeds\``)
    }
    if (others.length > 0) {
      const ids = named
        .sort((a, b) => compareBytes(rawId(a), rawId(b)))
        .map((player) => this.shortOf(player))
        .join(', ')
      throw new MarmaladeError('PLAYER_AMBIGUOUS', `several players are called ${text}: say which of ${ids}`)
    }
    return only
  }

  #meet(player: PlayerId): void {
    this.#known.add(player)
    this.#short.verified(player)
  }

  #follow(player: PlayerId, when: 'now' | 'no more'): void {
    if (when === 'no more') {
      if (this.#followed.delete(player)) this.#short.unfollowed(player)
      return
    }
    this.#followed.add(player)
    this.#short.followed(player)
    this.#known.add(player)
  }

  async #reload(player: PlayerId): Promise<void> {
    const before = this.nameOf(player)
    this.#said.delete(player)
    this.#rename(player, before)
    for await (const entry of this.#store.byType('identification', { identity: player })) await this.#fold(entry)
  }

  async #fold(entry: Entry): Promise<void> {
    const believed = await believedIn(this.#store, entry, SAYS)
    if (believed?.read.kind !== 'identification') return
    const { read, position } = believed
    const { identity } = entry
    const before = this.nameOf(identity)
    const said = this.#said.get(identity) ?? new Map<string, Field>()
    this.#said.set(identity, said)
    for (const field of FIELDS) {
      const value = read.payload[field]
      const last = said.get(field)
      if (value === undefined || (last && compareHeads(last.position, position) >= 0)) continue
      said.set(field, { position, value })
    }
    this.#rename(identity, before)
  }

  /** Keeps the index by name true. */
  #rename(player: PlayerId, before: string | undefined): void {
    const now = this.nameOf(player)
    if (before === now) return
    const left = before === undefined ? undefined : this.#named.get(before)
    left?.delete(player)
    if (before !== undefined && left?.size === 0) this.#named.delete(before)
    if (now !== undefined) this.#named.set(now, (this.#named.get(now) ?? new Set()).add(player))
  }
}
