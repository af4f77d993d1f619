import {
  ownedParts,
  refusal,
  SAMPLE_RATE,
  type Clock,
  type EntryKey,
  type Frames,
  type JamId,
  type Micros,
  type Millis,
  type PlayerId,
  type Refusal,
} from '../../lib/base/index.ts'
import { verifyEntry, type Entry } from '../../lib/entry/index.ts'
import { JamClock, Ledger, Shares, type JamEntry, type JamItem } from '../../lib/jam/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import type { Change, Store } from '../../lib/store/index.ts'

/** What came to a jam: entries that are new in it, and keys that are in no current feed any more. */
export interface JamChange {
  readonly entries: readonly JamEntry[]
  readonly withdrawn: readonly EntryKey[]
}
/** An entry of the jam that does not count, and why. */
export interface RefusedEntry extends Refusal {
  readonly player: PlayerId
}
interface Refused extends RefusedEntry {
  readonly comparable: Micros
}
const refusedEntry = (
  { identity, comparable }: Pick<Entry, 'identity' | 'comparable'>,
  { code, message }: Refusal,
): Refused => ({ player: identity, comparable, code, message })
const MAX_REFUSED = 100
/** Entries of one player sent ahead of its feed and not yet in it. */
const MAX_AHEAD = 64
/** Entries of a kind of one who is no member, kept to show that they do not count, and joins: of a caller's feed as many are tracked. */
const MAX_OF_STRANGER = 256
/** What of a player's feed may be of a jam. */
const TYPES = ['generator', 'jam', 'play', 'stop', 'param', 'tag']

/**
 * One jam as this node knows it: every entry of it in the feeds that are here, and what its members publish. Each
 * entry's own signature is checked before it counts.
 */
export class LiveJam {
  readonly jam: JamId
  readonly ledger: Ledger
  /** As measured over links to members: nothing where this player started it. */
  readonly time: JamClock
  readonly isOwn: boolean
  readonly #store: Store
  readonly #entries = new Map<EntryKey, JamEntry>()
  readonly #items = new Map<EntryKey, JamItem>()
  readonly #shares: Shares
  /** Players of the jam, all of whose share is here, with their generators. */
  readonly #read = new Set<PlayerId>()
  /** Others of whom something has been passed over. */
  readonly #cut = new Set<PlayerId>()
  /** What has lost its room since `observe` was called last. */
  readonly #crowdedOut: EntryKey[] = []
  /** The start whose beginning has been looked for. */
  #begun: EntryKey | undefined
  /** Of those that are no items the newest. */
  readonly #unfit = new Map<EntryKey, Refused>()
  /** Who signed what was sent ahead and is in no feed yet. */
  readonly #ahead = new Map<EntryKey, PlayerId>()

  constructor(jam: JamId, store: Store) {
    this.jam = jam
    this.ledger = new Ledger(jam)
    this.#shares = new Shares(jam)
    const { owner: starter } = ownedParts(jam)
    this.time = new JamClock({ self: store.identity, starter })
    this.isOwn = starter === store.identity
    this.#store = store
  }

  /** Everything taken in so far, in the order in which it came. */
  entries(): JamEntry[] {
    return [...this.#entries.values()]
  }

  /** Those of them that are in a feed: what a replay is made of. */
  published(): JamEntry[] {
    return this.entries().filter(({ key }) => !this.#ahead.has(key))
  }

  /** What an entry says in this jam, by its key. */
  item(key: EntryKey): JamItem | undefined {
    return this.#items.get(key)
  }

  /** The newest entries that do not count as things stand now, oldest first. */
  refused(): readonly RefusedEntry[] {
    const refused = [...this.#unfit.values()]
    for (const item of this.ledger.items()) {
      const reason = this.ledger.refuse(item)
      if (reason) refused.push(refusedEntry(item, reason))
    }
    const newest = refused.sort((a, b) => a.comparable - b.comparable).slice(-MAX_REFUSED)
    return newest.map(({ player, code, message }) => ({ player, code, message }))
  }

  async load(): Promise<void> {
    for await (const entry of this.#store.byJam(this.jam)) this.#take(entry)
    await this.#readCarried()
    await this.#readPlayers()
    // Nobody has been told of it.
    this.#crowdedOut.length = 0
  }

  /** Folds a change of a feed in. */
  async observe(change: Change): Promise<JamChange> {
    const entries: JamEntry[] = []
    const source = change.changeover ? await this.#reread(change.head.identity) : change.entries
    if (change.changeover) this.#shares.forget(change.head.identity)
    for (const entry of source) {
      this.#ahead.delete(entry.key)
      if (this.#concerns(entry) && this.#take(entry)) entries.push(entry)
    }
    entries.push(...(await this.#readCarried()), ...(await this.#readPlayers()))
    // After what came: what is published again is never gone in between, so what plays plays on.
    const withdrawn = change.changeover ? await this.#withdrawLost(change.head.identity) : []
    return { entries, withdrawn: [...withdrawn, ...this.#crowdedOut.splice(0)] }
  }

  /** Takes one entry sent ahead of its feed; `full` where too many of its player's have not come in its feed. */
  ahead(entry: Entry): 'taken' | 'known' | 'full' {
    if (this.#entries.has(entry.key)) return 'known'
    let waiting = 0
    for (const player of this.#ahead.values()) if (player === entry.identity) waiting++
    if (waiting >= MAX_AHEAD) return 'full'
    // It takes room when its feed has brought it, and stands where it does.
    if (!this.#take(entry, 'ahead')) return 'known'
    this.#ahead.set(entry.key, entry.identity)
    return 'taken'
  }

  /** Takes one back that was sent ahead and no feed will bring. False where its feed has brought it, or it never counted. */
  takeBack(key: EntryKey): boolean {
    if (!this.#ahead.has(key)) return false
    this.#forget(key)
    return true
  }

  /** Monotonic time of jam frame 0: as measured, else as claimed. */
  zero(clock: Clock): Millis {
    return this.time.standing(clock.monotonic())?.zero ?? this.claimed(clock)
  }

  /** The same by the time that the starter claims and this machine's wall clock alone. */
  claimed(clock: Clock): Millis {
    const now = clock.micros()
    return clock.monotonic() - (now - (this.ledger.start?.comparable ?? now)) / 1_000
  }

  /** The jam frame of this moment; 0 before the jam's start is here. */
  frameAt(clock: Clock): Frames {
    return this.ledger.start ? Math.floor(((clock.monotonic() - this.zero(clock)) * SAMPLE_RATE) / 1_000) : 0
  }

  #concerns(entry: Entry): boolean {
    if (typeof entry.payload === 'string') return false
    const { type } = entry.payload
    if (type === 'generator') return this.#read.has(entry.identity)
    if (type === 'again' || entry.payload['jam'] === this.jam) return true
    return this.ledger.fork?.carries(entry) ?? false
  }

  /** Takes an entry in that is new; of what is in a feed so much as its player has room for. */
  #take(entry: Entry, where: 'feed' | 'ahead' = 'feed'): boolean {
    const { identity, key, comparable, payload } = entry
    const known = this.#entries.get(key)
    const why = known || where === 'ahead' ? undefined : this.#shares.refuse(entry, this.#mostOf(identity))
    if (why) {
      this.#passOver(entry, why)
      return false
    }
    if (!known && !verifyEntry(entry, nodeCrypto)) {
      this.#refuse(
        entry,
        refusal('ENTRY_SIGNATURE', 'its own signature does not verify, so it does not count in a jam'),
      )
      return false
    }
    const slim: JamEntry = known ?? { identity, key, comparable, payload }
    const excess = where === 'feed' ? this.#shares.take(slim, this.#mostOf(identity)) : undefined
    if (excess) this.#passOver(excess.entry, excess.why)
    if (known) return false
    const kept = this.ledger.add(slim)
    if (kept.kind === 'refused') this.#refuse(entry, kept)
    if (kept.kind === 'other' || kept.kind === 'refused') return false
    this.#entries.set(key, slim)
    this.#unfit.delete(key)
    // It publishes again what is here: told on, so that this stays when the first that carried it goes.
    if (kept.kind === 'known') return true
    this.#items.set(key, kept.item)
    return true
  }

  /** Of a stranger's entries so many are kept as show that they do not count. */
  #mostOf(player: PlayerId): number | undefined {
    return player === this.ledger.starter || this.#read.has(player) ? undefined : MAX_OF_STRANGER
  }

  /** An entry has no room, or none any more. */
  #passOver(entry: JamEntry, why: Refusal): void {
    const { identity, key } = entry
    this.#refuse(entry, why)
    if (this.#mostOf(identity) !== undefined) this.#cut.add(identity)
    if (!this.#entries.has(key)) return
    this.#forget(key)
    this.#crowdedOut.push(key)
  }

  #forget(key: EntryKey): void {
    this.#entries.delete(key)
    this.#ahead.delete(key)
    this.#items.delete(key)
    this.ledger.remove(key)
  }

  #refuse(entry: JamEntry, reason: Refusal): void {
    this.#unfit.delete(entry.key)
    this.#unfit.set(entry.key, refusedEntry(entry, reason))
    const [oldest] = this.#unfit.keys()
    if (this.#unfit.size > MAX_REFUSED && oldest !== undefined) this.#unfit.delete(oldest)
  }

  /** Reads what the jam begins with, where its start is there and says that it was forked. */
  async #readCarried(): Promise<JamEntry[]> {
    const { fork } = this.ledger
    if (!fork || fork.start === this.#begun) return []
    this.#begun = fork.start
    const found: JamEntry[] = []
    for await (const entry of this.#carried()) if (this.#take(entry)) found.push(entry)
    return found
  }

  /** What of it is in the feeds that are here. */
  async *#carried(): AsyncGenerator<Entry> {
    for (const { key, identity } of this.ledger.fork?.wanted() ?? []) {
      const entry = await this.#store.get(key, 'feed', identity)
      if (entry) yield entry
    }
  }

  /** Reads what new players have published, and of the jam what was passed over while they were strangers: it may let others in. */
  async #readPlayers(): Promise<JamEntry[]> {
    const found: JamEntry[] = []
    for (;;) {
      const fresh = [...this.ledger.players].filter((player) => !this.#read.has(player))
      if (fresh.length === 0) return found
      for (const player of fresh) {
        this.#read.add(player)
        const types = this.#cut.delete(player) ? TYPES : ['generator']
        for await (const entry of this.#ofPlayer(player, types)) if (this.#take(entry)) found.push(entry)
      }
    }
  }

  /** What a player's feed has of the jam, by type. */
  async *#ofPlayer(identity: PlayerId, types: readonly string[]): AsyncGenerator<Entry> {
    for (const type of types)
      for await (const entry of this.#store.byType(type, { identity, reverse: true }))
        if (this.#concerns(entry)) yield entry
  }

  async #reread(player: PlayerId): Promise<Entry[]> {
    const entries: Entry[] = []
    for await (const entry of this.#store.byJam(this.jam)) if (entry.identity === player) entries.push(entry)
    for await (const entry of this.#carried()) if (entry.identity === player) entries.push(entry)
    for await (const entry of this.#store.byType('generator', { identity: player })) entries.push(entry)
    return entries
  }

  async #withdrawLost(player: PlayerId): Promise<EntryKey[]> {
    const current = new Set((await this.#reread(player)).map((entry) => entry.key))
    const lost: EntryKey[] = []
    for (const [key, unfit] of this.#unfit) if (unfit.player === player && !current.has(key)) this.#unfit.delete(key)
    for (const [key, entry] of this.#entries) {
      if (entry.identity !== player || current.has(key)) continue
      this.#forget(key)
      lost.push(key)
    }
    return lost
  }
}
