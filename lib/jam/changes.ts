import type { Frames, Name, Ticks } from '../base/index.ts'
import { EntryTags } from './entry-tags.ts'
import type { EventLog } from './events.ts'
import { HeldTags } from './held-tags.ts'
import { keyOfInstance } from './items.ts'
import type { JamItem, ParamItem, PlayItem, TagItem } from './items.ts'
import type { Ledger } from './ledger.ts'
import type { Stage } from './stage.ts'
import { compareAt } from './track.ts'
import type { ReadTag, TagValue } from './types.ts'
import type { Window } from './window.ts'

/** A tag or param whose place has come. */
export interface ItemWake<T> {
  readonly item: T
  /** It came after its place. */
  readonly late: boolean
}

/** Carries out what entries change of tags and parameters. */
export class Changes {
  readonly tags = new EntryTags()
  readonly #ledger: Ledger
  readonly #log: EventLog
  readonly #readTag: ReadTag
  readonly #done = new Set<JamItem>()

  constructor(ledger: Ledger, log: EventLog, readTag: ReadTag) {
    this.#ledger = ledger
    this.#log = log
    this.#readTag = readTag
  }

  /** A tag takes effect, once. */
  tag(wake: ItemWake<TagItem>, frame: Frames, window: Window): void {
    if (this.#isDone(wake.item)) return
    const commands = this.tags.apply(wake.item, frame)
    window.out.push(...commands)
    this.#note(wake, frame, window, commands.length > 0)
  }

  /** A param takes effect, once. */
  param(wake: ItemWake<ParamItem>, stage: Stage, frame: Frames, window: Window): void {
    if (this.#isDone(wake.item)) return
    const { name, value } = wake.item.payload
    const { player, instance } = this.#ledger.targetOf(wake.item)
    const track = stage.trackOf(player, instance)
    const over = track.applyParam(wake.item, this.#ledger.grid, frame)
    this.#note(wake, frame, window, over !== undefined)
    if (over === undefined || track.state !== 'sounding' || !track.path) return
    window.out.push({ kind: 'param', frame, path: track.path, name, value, over })
  }

  /** An entry that counted, dropped and counted again has one place, but may have been put on the agenda twice. */
  #isDone(item: JamItem): boolean {
    if (this.#done.has(item)) return true
    this.#done.add(item)
    return false
  }

  #note(wake: ItemWake<TagItem | ParamItem>, frame: Frames, { first }: Window, took: boolean): void {
    const { key, payload } = wake.item
    if (!took) {
      this.#log.add({ kind: 'superseded', key, frame })
      return
    }
    const by = frame - this.#ledger.grid.frameOfTick(payload.at)
    const reason = first ? 'join' : wake.late ? 'entry' : 'grid'
    this.#log.add({ kind: 'applied', key, frame, ...(by > 0 ? { late: { by, reason } } : {}) })
  }

  /**
   * A tag counts no more: the newest of those that remain holds again.
   * @param past what counts and has had its place
   */
  dropTag(item: TagItem, past: readonly JamItem[], window: Window): void {
    this.#done.delete(item)
    const tags = past.filter((it) => it.kind === 'tag')
    window.out.push(...this.tags.withdraw(item, tags, window.from))
  }

  /**
   * A param counts no more: the one before it, or what the play set, holds again.
   * @param past what counts and has had its place
   */
  dropParam(item: ParamItem, past: readonly JamItem[], stage: Stage, window: Window): void {
    this.#done.delete(item)
    const { name } = item.payload
    const target = this.#ledger.targetOf(item)
    const track = stage.trackOf(target.player, target.instance)
    const before = past
      .filter((it) => it.kind === 'param')
      .filter((it) => it.payload.name === name && keyOfInstance(this.#ledger.targetOf(it)) === keyOfInstance(target))
      .sort(compareAt)
    const value = track.dropParam(item, before.at(-1), window.from, stage.defaultsOf(track))
    if (value === undefined || track.state !== 'sounding' || !track.path) return
    window.out.push({ kind: 'param', frame: window.from, path: track.path, name, value, over: 0 })
  }

  /** The newest value by anybody at a frame: of what entries told, this block included, and what instances set. */
  newest(name: Name, frame: Frames): TagValue | undefined {
    const told = this.tags.newest(name)
    const set = this.#readTag(name, frame)
    if (!told || !set) return (told ?? set)?.value
    return told.frame > set.frame ? told.value : set.value
  }

  /** The first bar line before a block at which entries alone made a play's `when` hold. @param counted all that does */
  heldBefore(play: PlayItem, counted: Iterable<JamItem>, window: Window): Ticks | undefined {
    const { when, at } = play.payload
    if (!when) return undefined
    const { grid } = this.#ledger
    window.held ??= new HeldTags(tagsAmong(counted), grid)
    return window.held.firstLine(when, { from: at, to: grid.tickOfFrame(window.from) })
  }
}

function* tagsAmong(items: Iterable<JamItem>): Iterable<TagItem> {
  for (const item of items) if (item.kind === 'tag') yield item
}
