import {
  ownedParts,
  refusal,
  SAMPLE_RATE,
  type Clock,
  type EntryKey,
  type Frames,
  type JamId,
  type Millis,
  type PlayerId,
  type Refusal,
} from '../../lib/base/index.ts'
import { verifyEntry, type Entry } from '../../lib/entry/index.ts'
import { JamClock, Ledger, type JamEntry, type JamItem } from '../../lib/jam/index.ts'
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
const MAX_REFUSED = 100
/** Entries of one player sent ahead of its feed and not yet in it. */
const MAX_AHEAD = 64

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
  /** Feeds whose generators have been read. */
  readonly #read = new Set<PlayerId>()
  /** The start whose beginning has been looked for. */
  #begun: EntryKey | undefined
  readonly #refused: RefusedEntry[] = []
  /** Who signed what was sent ahead and is in no feed yet. */
  readonly #ahead = new Map<EntryKey, PlayerId>()

  constructor(jam: JamId, store: Store) {
    this.jam = jam
    this.ledger = new Ledger(jam)
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

  /** The newest entries that do not count. */
  refused(): readonly RefusedEntry[] {
    return this.#refused
  }

  async load(): Promise<void> {
    for await (const entry of this.#store.byJam(this.jam)) this.#take(entry)
    await this.#readCarried()
    await this.#readGenerators()
  }

  /** Folds a change of a feed in. */
  async observe(change: Change): Promise<JamChange> {
    const entries: JamEntry[] = []
    const source = change.changeover ? await this.#reread(change.head.identity) : change.entries
    for (const entry of source) {
      this.#ahead.delete(entry.key)
      if (this.#concerns(entry) && this.#take(entry)) entries.push(entry)
    }
    entries.push(...(await this.#readCarried()), ...(await this.#readGenerators()))
    // After what came: what is published again is never gone in between, so what plays plays on.
    const withdrawn = change.changeover ? await this.#withdrawLost(change.head.identity) : []
    return { entries, withdrawn }
  }

  /** Takes one entry sent ahead of its feed; `full` where too many of its player's have not come in its feed. */
  ahead(entry: Entry): 'taken' | 'known' | 'full' {
    if (this.#entries.has(entry.key)) return 'known'
    let waiting = 0
    for (const player of this.#ahead.values()) if (player === entry.identity) waiting++
    if (waiting >= MAX_AHEAD) return 'full'
    if (!this.#take(entry)) return 'known'
    this.#ahead.set(entry.key, entry.identity)
    return 'taken'
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
    if (entry.payload.type === 'generator') return this.#read.has(entry.identity)
    if (this.ledger.fork?.carries(entry)) return true
    return entry.payload['jam'] === this.jam || entry.payload.type === 'again'
  }

  #take(entry: Entry): boolean {
    if (this.#entries.has(entry.key)) return false
    if (!verifyEntry(entry, nodeCrypto)) {
      this.#refuse(
        entry,
        refusal('ENTRY_SIGNATURE', 'its own signature does not verify, so it does not count in a jam'),
      )
      return false
    }
    const { identity, key, comparable, payload } = entry
    const slim: JamEntry = { identity, key, comparable, payload }
    const kept = this.ledger.add(slim)
    if (kept.kind === 'refused') this.#refuse(entry, kept)
    if (kept.kind === 'other' || kept.kind === 'refused') return false
    this.#entries.set(key, slim)
    // It publishes again what is here: told on, so that this stays when the first that carried it goes.
    if (kept.kind === 'known') return true
    this.#items.set(key, kept.item)
    const reason = this.ledger.refuse(kept.item)
    if (reason) this.#refuse(entry, reason)
    return true
  }

  #refuse(entry: Entry, { code, message }: Refusal): void {
    this.#refused.push({ player: entry.identity, code, message })
    if (this.#refused.length > MAX_REFUSED) this.#refused.shift()
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

  /** Reads what new players have published. */
  async #readGenerators(): Promise<JamEntry[]> {
    const found: JamEntry[] = []
    for (const player of this.ledger.players) {
      if (this.#read.has(player)) continue
      this.#read.add(player)
      for await (const entry of this.#store.byType('generator', { identity: player })) {
        if (this.#take(entry)) found.push(entry)
      }
    }
    return found
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
    for (const [key, entry] of this.#entries) {
      if (entry.identity !== player || current.has(key)) continue
      this.#entries.delete(key)
      this.#ahead.delete(key)
      this.#items.delete(key)
      this.ledger.remove(key)
      lost.push(key)
    }
    return lost
  }
}
