import { ownedParts } from '../base/index.ts'
import type { EntryKey, JamId, Name, PlayerId, Refusal, Ticks } from '../base/index.ts'
import { Beginning } from './beginning.ts'
import { Carriers } from './carriers.ts'
import type { Fork } from './fork.ts'
import type { Grid } from './grid.ts'
import { Handles } from './handles.ts'
import { instanceKey, readItem } from './items.ts'
import type {
  EndItem,
  InstanceKey,
  InstanceRef,
  JamEntry,
  JamItem,
  MembershipItem,
  MeterItem,
  ParamItem,
  PlayItem,
  ReadItem,
  StartItem,
  StopItem,
  TempoItem,
} from './items.ts'
import type { Members } from './members.ts'
import { comparePublished, insertSorted } from './order.ts'
import { Publications } from './publications.ts'
import { refuse, refusePlay } from './refusals.ts'
import { shapeOf } from './shape.ts'
import type { Shape } from './shape.ts'

/** What handing in an entry came to. */
export type Kept =
  /** `instead` of an item of the same key, which is no more in the set. */
  | { readonly kind: 'kept'; readonly item: JamItem; readonly instead?: JamItem }
  | { readonly kind: 'known' }
  | { readonly kind: 'other' }
  | ({ readonly kind: 'refused' } & Refusal)

/** What taking out an entry came to: an item is gone, and perhaps another of the same key is there instead. */
export interface Gone {
  readonly gone: JamItem
  readonly item?: JamItem
}

/** What a fork begins with has used its id up, whatever its player publishes later. */
const carriedFirst = (a: PlayItem, b: PlayItem): number => Number(!a.carried) - Number(!b.carried)

/** Honest carriers of one item all say the same. */
const isSame = (a: JamItem, b: JamItem): boolean =>
  a === b || (a.comparable === b.comparable && JSON.stringify(a.payload) === JSON.stringify(b.payload))

/**
 * The set of a jam's entries, growing and shrinking, with what follows from it: who started the jam, its members, its
 * grid, its end, and whether an entry counts. Everything read from it is a pure function of the set, whatever order
 * the entries came in. Shared by the score (all at once) and the conductor (as they arrive).
 */
export class Ledger {
  readonly jam: JamId
  readonly starter: PlayerId
  readonly name: Name
  readonly #items = new Map<string, JamItem>()
  readonly #carriers = new Carriers()
  readonly #byPlayer = new Map<PlayerId, Set<JamItem>>()
  readonly #plays = new Map<InstanceKey, PlayItem[]>()
  readonly #published = new Publications()
  readonly #handles: Handles
  readonly #beginning: Beginning
  readonly #actions = new Map<EntryKey, StartItem | MembershipItem | TempoItem | MeterItem | EndItem>()
  readonly #until: Ticks
  #shape: Shape | undefined

  /** @param until nothing at this tick or after it counts, as if the jam's end stood there */
  constructor(jam: JamId, until?: Ticks) {
    const { owner, name } = ownedParts(jam)
    this.#until = until ?? Infinity
    this.jam = jam
    this.starter = owner
    this.name = name
    this.#handles = new Handles(owner)
    this.#beginning = new Beginning(jam, owner)
  }

  /**
   * Takes an entry in; one of another jam that this one carries on only once the start that says so is there. Refusals: PAYLOAD_INVALID
   * and its like for one of this jam that is malformed. How much each player may say is for whoever hands it in (`Shares`).
   */
  add(entry: JamEntry): Kept {
    if (this.#carriers.has(entry.key)) return { kind: 'known' }
    const read = this.#read(entry)
    if (read.kind === 'other') return { kind: 'other' }
    if (read.kind === 'malformed') return { ...read, kind: 'refused' }
    const changed = this.#settle(this.#carriers.add(entry, read.item))
    if (!changed?.item) return { kind: 'known' }
    return { kind: 'kept', item: changed.item, ...(changed.gone && { instead: changed.gone }) }
  }

  #read(entry: JamEntry): ReadItem {
    const read = readItem(this.jam, entry)
    const carried = read.kind === 'other' ? this.fork?.read(entry) : undefined
    return carried ? { kind: 'item', item: carried } : read
  }

  /** Takes an entry out by its own key; gives the item that is no more in the set, where it alone carried that. */
  remove(key: EntryKey): Gone | undefined {
    const id = this.#carriers.remove(key)
    if (id === undefined) return undefined
    const changed = this.#settle(id)
    return changed?.gone && { gone: changed.gone, ...(changed.item && { item: changed.item }) }
  }

  /** Puts in what the carriers of an item say now; undefined where that is what was there. */
  #settle(id: string): Partial<Gone> | undefined {
    const gone = this.#items.get(id)
    const item = this.#carriers.said(id)
    if (gone && item && isSame(gone, item)) return undefined
    if (gone) {
      this.#items.delete(id)
      this.#index(gone, -1)
    }
    if (item) {
      this.#items.set(id, item)
      this.#index(item, 1)
    }
    return { ...(gone && { gone }), ...(item && { item }) }
  }

  #index(item: JamItem, by: 1 | -1): void {
    const own = this.#byPlayer.get(item.identity) ?? new Set()
    this.#byPlayer.set(item.identity, own)
    if (by === 1) own.add(item)
    else own.delete(item)
    switch (item.kind) {
      case 'stop':
      case 'param':
      case 'tag':
        return
      case 'generator':
        this.#published.index(item, by)
        return
      case 'play':
        this.#indexPlay(item, by)
        this.#handles.index(item, by)
        return
      default:
        if (item.kind === 'start') this.#beginning.index(item, by)
        if (by === 1) this.#actions.set(item.key, item)
        else this.#actions.delete(item.key)
        this.#shape = undefined
    }
  }

  #indexPlay(item: PlayItem, by: 1 | -1): void {
    const id = instanceKey(item.identity, item.payload.instance)
    const plays = this.#plays.get(id) ?? []
    this.#plays.set(id, plays)
    if (by === 1) insertSorted(plays, item, (a, b) => carriedFirst(a, b) || comparePublished(a, b))
    else plays.splice(plays.indexOf(item), 1)
    if (plays.length === 0) this.#plays.delete(id)
  }

  get #shaped(): Shape {
    return (this.#shape ??= shapeOf({
      starter: this.starter,
      beginning: this.#beginning,
      actions: this.#actions.values(),
      until: this.#until,
    }))
  }

  /** Every item, in no order that means anything. */
  items(): IterableIterator<JamItem> {
    return this.#items.values()
  }
  /** The first `start` of the name by (comparable, key). */
  get start(): StartItem | undefined {
    return this.#beginning.start
  }
  get members(): Members {
    return this.#shaped.members
  }
  get grid(): Grid {
    return this.#shaped.grid
  }
  /** What it begins with, where it was forked. */
  get fork(): Fork | undefined {
    return this.#beginning.fork
  }
  /** Whose entries it is made of: everyone ever admitted, and those whose entries it begins with. */
  get players(): ReadonlySet<PlayerId> {
    return this.#shaped.players
  }
  /** Of those whose entries it begins with whoever has such an entry here: its start alone may name anybody. */
  carriedPlayers(): ReadonlySet<PlayerId> {
    const here = [...(this.fork?.wanted() ?? [])].filter(
      ({ identity, key }) => this.#items.get(`${identity} ${key}`)?.carried,
    )
    return new Set(here.map(({ identity }) => identity))
  }
  /** The starter's `end`; of several the first in score order. */
  get end(): EndItem | undefined {
    return this.#shaped.end
  }
  /** Where the starter's `end` stands (of several the first in score order), or `until`; Infinity without either. */
  get endTick(): Ticks {
    return this.#shaped.endTick
  }

  /** The plays that name one instance id of a player, first published first. */
  playsNaming(player: PlayerId, instance: Name): readonly PlayItem[] {
    return this.#plays.get(instanceKey(player, instance)) ?? []
  }

  /** The plays of a player. */
  playsBy(player: PlayerId): readonly PlayItem[] {
    return [...this.itemsBy(player)].filter((item) => item.kind === 'play')
  }

  /** Every item of a player, in no order that means anything. */
  itemsBy(player: PlayerId): Iterable<JamItem> {
    return this.#byPlayer.get(player) ?? []
  }

  /**
   * The play that an instance id of a player stands for, where it counts. The first published has used the id up even
   * where it does not count itself: were it to depend on that, a `remove` or `end` could change what sounded before it.
   */
  playOf(player: PlayerId, instance: Name): PlayItem | undefined {
    const [play] = this.playsNaming(player, instance)
    return play && !refusePlay(this, play) ? play : undefined
  }

  /**
   * Which instance a stop, a param or a play's `replaces` names: its signer's own. The starter of a fork also names what
   * the fork carries on, by what it calls it.
   */
  targetOf(item: StopItem | ParamItem): InstanceRef
  targetOf(item: PlayItem): InstanceRef | undefined
  targetOf(item: StopItem | ParamItem | PlayItem): InstanceRef | undefined {
    const named = item.kind === 'play' ? item.payload.replaces : item.payload.instance
    return named === undefined ? undefined : this.#handles.resolve(item, named)
  }

  /** The instance that a player means by a name now. */
  instanceOf(player: PlayerId, named: Name): InstanceRef {
    return this.#handles.find(player, named) ?? { player, instance: named }
  }

  /** Whether a player has no more use of an instance id: it played under it, or a fork of its own calls something so. */
  isTaken(player: PlayerId, instance: Name): boolean {
    return this.playsNaming(player, instance).length > 0 || this.isHandle(player, instance)
  }

  /** Whether a play's archive was published as a process generator. */
  isProcess(play: PlayItem): boolean {
    return this.#published.isProcess(play)
  }

  /** Whether a play's archive is among what its player has published. */
  isPublished(play: PlayItem): boolean {
    return this.#published.has(play)
  }

  /** Whether a player calls so what a fork of its own carries on. */
  isHandle(player: PlayerId, called: Name): boolean {
    return this.#handles.find(player, called) !== undefined
  }

  /** Why an item does not count, or undefined where it does: see `refuse` in refusals.ts for the codes. */
  refuse(item: JamItem): Refusal | undefined {
    return refuse(this, item)
  }
}
