import { readPayload, originalOf } from '../entry/index.ts'
import type { JamPayload } from '../entry/index.ts'
import { ownedParts } from '../base/index.ts'
import type { Bars, EntryKey, JamId, PlayerId, Refusal } from '../base/index.ts'
import { maybeStart, readItem } from './items.ts'
import type { Carried, JamEntry, JamItem, ParamItem, PlayItem, StartItem, TagItem } from './items.ts'
import { comparePublished } from './order.ts'

/** What a jam's start says of the jam that it begins from. */
export type ForkedFrom = NonNullable<JamPayload<'start'>['from']>
/** What a fork can carry on. */
export type CarriedItem = PlayItem | ParamItem | TagItem

interface Wanted extends Carried {
  readonly identity: PlayerId
  readonly key: EntryKey
}
const idOf = (identity: PlayerId, key: EntryKey): string => `${identity} ${key}`

/**
 * What a jam that was forked begins with: plays, params and tags of other jams, by their players and as these signed
 * them. It counts as if each stood as far before this jam's origin as it stood before the bar line in its own.
 */
export class Fork {
  /** The jam that it was forked from, and the bar of it, from 0, that is its first. */
  readonly jam: JamId
  readonly bar: Bars
  /** Whose feeds hold what it carries. */
  readonly players: ReadonlySet<PlayerId>
  /** The entry that says so. */
  readonly start: EntryKey
  readonly #own: JamId
  readonly #wanted = new Map<string, Wanted>()

  constructor(own: JamId, start: EntryKey, { jam, bar, carries }: ForkedFrom) {
    this.#own = own
    this.start = start
    this.jam = jam
    this.bar = bar
    for (const { jam: of, at: origin, identity, entries } of carries) {
      for (const { key, as } of entries)
        this.#wanted.set(idOf(identity, key), { identity, key, jam: of, origin, ...(as !== undefined && { as }) })
    }
    this.players = new Set(carries.map(({ identity }) => identity))
  }

  /** What it names: by whom, and which. */
  wanted(): Iterable<Pick<Wanted, 'identity' | 'key'>> {
    return this.#wanted.values()
  }

  /** How many it names. */
  get size(): number {
    return this.#wanted.size
  }

  /** Whether its start names the item. */
  carries({ identity, key }: Pick<JamItem, 'identity' | 'key'>): boolean {
    return this.#wanted.has(idOf(identity, key))
  }

  /** An entry as this jam has it; undefined where its start does not name it, or it stands after the bar line. */
  read(entry: JamEntry): CarriedItem | undefined {
    const read = readPayload(entry)
    if (read.kind === 'again') return this.read(originalOf(entry, read.payload))
    const wanted = this.#wanted.get(idOf(entry.identity, entry.key))
    if (!wanted) return undefined
    const { jam, origin, as } = wanted
    const found = readItem(jam, entry)
    if (found.kind !== 'item') return undefined
    const { item } = found
    if (item.kind !== 'play' && item.kind !== 'param' && item.kind !== 'tag') return undefined
    if (item.payload.at > origin) return undefined
    const payload = { ...item.payload, jam: this.#own, at: item.payload.at - origin }
    const carried: Carried = { jam, origin, ...(as !== undefined && { as }) }
    // Only `jam` and `at` are others: the payload is still of the item's kind, which the compiler cannot follow.
    return { ...item, payload, carried } as CarriedItem
  }

  /** Of what it names the first that is not among those that count, as a problem of the score. */
  lacking(counted: Iterable<JamItem>): (Refusal & { readonly entry: EntryKey }) | undefined {
    const found = new Set([...counted].map(({ identity, key }) => idOf(identity, key)))
    for (const [id, { identity, key, jam }] of this.#wanted) {
      if (found.has(id)) continue
      const message = `the jam begins with ${key} of ${jam}, by ${identity}, which is not here or does not count: follow that player, or import a bundle of this jam`
      return { code: 'FORK_INCOMPLETE', message, entry: key }
    }
    return undefined
  }
}

/** What a jam begins from, as its start says; undefined where it begins from nothing. */
export const forkIn = (jam: JamId, start: StartItem | undefined): Fork | undefined =>
  start?.payload.from && new Fork(jam, start.key, start.payload.from)

/** The same, where an entry is a start of the jam. */
export function forkSaid(jam: JamId, entry: JamEntry): Fork | undefined {
  const read = readItem(jam, entry)
  return read.kind === 'item' && read.item.kind === 'start' ? forkIn(jam, read.item) : undefined
}

/** All that are items of the jam, what it carries on included, or of a `generator`, in the order of their entries. */
export function itemsOf(jam: JamId, entries: readonly JamEntry[]): JamItem[] {
  const own = (entry: JamEntry): JamItem[] => {
    const read = readItem(jam, entry)
    return read.kind === 'item' ? [read.item] : []
  }
  const starts = entries.filter(maybeStart).flatMap(own)
  const { owner } = ownedParts(jam)
  const [start] = starts.filter((item) => item.kind === 'start' && item.identity === owner).sort(comparePublished)
  const fork = start?.kind === 'start' ? forkIn(jam, start) : undefined
  if (!fork) return entries.flatMap(own)
  return entries.flatMap((entry) => {
    const found = own(entry)
    const carried = found.length > 0 ? undefined : fork.read(entry)
    return carried ? [carried] : found
  })
}
