import { originalOf, readPayload } from '../entry/index.ts'
import type { Entry, JamPayload, JamTag, PayloadOf } from '../entry/index.ts'
import type { EntryKey, JamId, Micros, Name, PlayerId, Refusal, Ticks } from '../base/index.ts'

/** What the jam needs of an entry. Its own signature has been verified by the caller (FEEDS section 2). */
export type JamEntry = Pick<Entry, 'identity' | 'key' | 'comparable' | 'payload'>

/** Where an item that a fork carries on comes from. */
export interface Carried {
  readonly jam: JamId
  /** The tick of that jam that is the fork's origin. */
  readonly origin: Ticks
  /** What the fork's starter calls the instance that it plays or sets, where that is not the name it was given. */
  readonly as?: Name
}

interface Item<K extends string, P> {
  readonly kind: K
  /** Key, author and time of the entry; of an `again`, those of its original. */
  readonly key: EntryKey
  readonly identity: PlayerId
  readonly comparable: Micros
  readonly payload: P
  /** Of another jam, whose entry it is: this one was forked and carries it on. Its `at` is counted from this one's origin. */
  readonly carried?: Carried
}

export type StartItem = Item<'start', JamPayload<'start'>>
export type JoinItem = Item<'join', JamPayload<'join'>>
export type AdmitItem = Item<'admit', JamPayload<'admit'>>
export type RemoveItem = Item<'remove', JamPayload<'remove'>>
export type LeaveItem = Item<'leave', JamPayload<'leave'>>
export type TempoItem = Item<'tempo', JamPayload<'tempo'>>
export type MeterItem = Item<'meter', JamPayload<'meter'>>
export type EndItem = Item<'end', JamPayload<'end'>>
export type PlayItem = Item<'play', PayloadOf<'play'>>
export type StopItem = Item<'stop', PayloadOf<'stop'>>
export type ParamItem = Item<'param', PayloadOf<'param'>>
export type TagItem = Item<'tag', JamTag>
/** Not of a jam: what a player's feed says it publishes. */
export type GeneratorItem = Item<'generator', PayloadOf<'generator'>>

/** Who belongs to the jam, and for how long. */
export type MembershipItem = JoinItem | AdmitItem | RemoveItem | LeaveItem
/** What shapes the jam. */
export type ActionItem = StartItem | MembershipItem | TempoItem | MeterItem | EndItem
/** What sounds. */
export type SoundItem = PlayItem | StopItem | ParamItem | TagItem
export type JamItem = ActionItem | SoundItem | GeneratorItem

/** What changes what sounds, from a place in the jam on: whoever asks for it wants to know who hears it from where. */
export type PlacedItem = SoundItem | TempoItem | MeterItem | EndItem
const SOUNDS: ReadonlySet<string> = new Set(['play', 'stop', 'param', 'tag'] satisfies SoundItem['kind'][])
export const isSound = (item: JamItem): item is SoundItem => SOUNDS.has(item.kind)
export const isPlaced = (item: JamItem): item is PlacedItem =>
  isSound(item) || item.kind === 'tempo' || item.kind === 'meter' || item.kind === 'end'

/** An instance id belongs to one player of the jam. */
export interface InstanceRef {
  readonly player: PlayerId
  readonly instance: Name
}
export type InstanceKey = `${PlayerId} ${Name}`
export const keyOfInstance = ({ player, instance }: InstanceRef): InstanceKey => instanceKey(player, instance)
export const instanceKey = (player: PlayerId, instance: Name): InstanceKey => `${player} ${instance}`

/** An entry as the jam reads it: an item, nothing to do with this jam, or of it but malformed. */
export type ReadItem =
  | { readonly kind: 'item'; readonly item: JamItem }
  | { readonly kind: 'other' }
  | ({ readonly kind: 'malformed' } & Refusal)

const OTHER: ReadItem = { kind: 'other' }
const KINDS = new Set(['play', 'stop', 'param', 'tag', 'jam'])

/** Reads an entry as an item of the jam, or of a `generator`; an `again` as its original. */
export function readItem(jam: JamId, entry: JamEntry): ReadItem {
  const read = readPayload(entry)
  if (read.kind === 'again') return readItem(jam, originalOf(entry, read.payload))
  if (read.kind === 'invalid') return concerns(jam, entry) ? { ...read, kind: 'malformed' } : OTHER
  const { key, identity, comparable } = entry
  const published = { key, identity, comparable }
  switch (read.kind) {
    case 'generator':
      return { kind: 'item', item: { kind: 'generator', ...published, payload: read.payload } }
    case 'jam':
    case 'play':
    case 'stop':
    case 'param':
    case 'tag': {
      if (read.payload.jam !== jam) return OTHER
      const kind = read.kind === 'jam' ? read.payload.action : read.kind
      // The schema ties the payload's shape to its type and action, which the compiler cannot follow.
      return { kind: 'item', item: { kind, ...published, payload: read.payload } as JamItem }
    }
    default:
      return OTHER
  }
}

/** Whether a malformed payload was meant for this jam. */
function concerns(jam: JamId, entry: JamEntry): boolean {
  const { payload } = entry
  return typeof payload === 'object' && KINDS.has(payload.type) && payload['jam'] === jam
}

/** Where an item stands in ticks; bars of `tempo` and `meter` by the grid, `start`, `join` and `generator` at 0. */
export function tickOf(item: JamItem, grid: { tickOfBar(bar: number): Ticks }): Ticks {
  switch (item.kind) {
    case 'start':
    case 'join':
    case 'generator':
      return 0
    case 'tempo':
    case 'meter':
      return grid.tickOfBar(item.payload.bar)
    case 'admit':
      return item.payload.at ?? 0
    default:
      return item.payload.at
  }
}

/** Whether an entry may be a jam's start, which says what else is of the jam: it is read before all others. */
export function maybeStart({ payload }: Pick<JamEntry, 'payload'>): boolean {
  if (typeof payload !== 'object') return false
  if (payload.type !== 'again') return payload['action'] === 'start'
  const original = payload['payload']
  return typeof original === 'object' && original !== null && 'action' in original && original.action === 'start'
}

/** Entries in the order in which a ledger takes them: what may be a start before the others, these as they are. */
export const startsFirst = (entries: Iterable<JamEntry>): JamEntry[] => {
  const all = [...entries]
  return [...all.filter(maybeStart), ...all.filter((entry) => !maybeStart(entry))]
}
