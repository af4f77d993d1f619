import type { PlayerRef } from '../base/index.ts'
import { keyOf, keysFinding, shortIn } from './tag-path.ts'
import type { ResolveShort, TagPattern } from './tag-path.ts'
import type { TagCell, TagHandle, TagView } from './tag-view.ts'

/**
 * What a pattern finds, for everybody who has opened it: so a path that is set for the first time costs as many looks as there
 * are ways to write a pattern that finds it, however many handles are open.
 */
export interface TagChannel {
  readonly pattern: TagPattern
  /** Whom its short id, where it has one, meant when it was opened first. */
  readonly player: PlayerRef | undefined
  /** Whether its short id has meant the same whenever a path was set since then: else who opens it now finds other paths. */
  steady: boolean
  readonly cells: Set<TagCell>
  /** Handles of each view, in their order. */
  readonly readers: Map<TagView, TagHandle[]>
}

/** The channels of a board. */
export class TagChannels {
  readonly #resolve: ResolveShort
  readonly #byKey = new Map<string, Set<TagChannel>>()
  readonly #byShort = new Map<string, Set<TagChannel>>()
  /** Short ids in patterns that mean a player now; undefined where that is to be looked up. */
  #shorts: Map<PlayerRef, string[]> | undefined

  constructor(resolve: ResolveShort) {
    this.#resolve = resolve
  }

  /** The channel of a pattern. @param find the cells that a new one finds */
  open(pattern: TagPattern, find: () => Iterable<TagCell>): TagChannel {
    const short = shortIn(pattern)
    const player = short === undefined ? undefined : this.#resolve(short)
    const same = grouped(this.#byKey, keyOf(pattern))
    for (const channel of same) if (channel.steady && channel.player === player) return channel
    const channel: TagChannel = { pattern, player, steady: true, cells: new Set(), readers: new Map() }
    same.add(channel)
    if (short !== undefined) grouped(this.#byShort, short).add(channel)
    for (const cell of find()) tie(channel, cell)
    return channel
  }

  /** A view reads no more. */
  close(view: TagView): void {
    for (const { channel } of view.handles) {
      channel.readers.delete(view)
      if (channel.readers.size > 0) continue
      for (const { channels } of channel.cells) {
        const at = channels.indexOf(channel)
        if (at >= 0) channels.splice(at, 1)
      }
      channel.cells.clear()
      ungroup(this.#byKey, keyOf(channel.pattern), channel)
      ungroup(this.#byShort, shortIn(channel.pattern), channel)
    }
  }

  /** From now on short ids may mean others. */
  renew(): void {
    this.#shorts = undefined
  }

  /** Ties a path that is set for the first time to every channel that finds it. */
  attach(cell: TagCell): void {
    this.#shorts ??= this.#meanings()
    const shorts = this.#shorts.get(cell.parts[0] as PlayerRef) ?? []
    for (const key of keysFinding(cell.parts, shorts))
      for (const channel of this.#byKey.get(key) ?? []) tie(channel, cell)
  }

  #meanings(): Map<PlayerRef, string[]> {
    const meanings = new Map<PlayerRef, string[]>()
    for (const [short, channels] of this.#byShort) {
      const player = this.#resolve(short)
      for (const channel of channels) if (channel.player !== player) channel.steady = false
      if (player === undefined) continue
      const shorts = meanings.get(player)
      if (shorts) shorts.push(short)
      else meanings.set(player, [short])
    }
    return meanings
  }
}

function tie(channel: TagChannel, cell: TagCell): void {
  channel.cells.add(cell)
  cell.channels.push(channel)
}

/** What a map holds under a key, made where there is nothing yet. */
function grouped<T>(groups: Map<string, Set<T>>, key: string): Set<T> {
  const known = groups.get(key)
  if (known) return known
  const made = new Set<T>()
  groups.set(key, made)
  return made
}

function ungroup<T>(groups: Map<string, Set<T>>, key: string | undefined, item: T): void {
  const group = key === undefined ? undefined : groups.get(key)
  group?.delete(item)
  if (group?.size === 0) groups.delete(key ?? '')
}
