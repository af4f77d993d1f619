import type { Beats, Frames } from '../base/index.ts'
import { NoteQueue } from './note-queue.ts'
import type { NoteShape } from './note-queue.ts'
import type { TagChannel } from './tag-channels.ts'
import { mergedHistory } from './tag-history.ts'
import type { TagHistory } from './tag-history.ts'
import { findsNotes, parsePattern } from './tag-path.ts'
import type { TagPattern } from './tag-path.ts'
import type { TagPoint, TagValue } from './types.ts'

/** Handles of one instance. */
export const MAX_HANDLES = 64
/** Cuts of one instance's block of 128 by tags and everything else that cuts. */
export const MAX_CUTS = 16

/** Is told what a generator watches, between its blocks. */
export interface TagListener {
  /** What a handle reads has changed: its newest value (NaN for a text), and when it was set. */
  event(handle: number, value: number, frame: Frames): void
  /** A note that a handle finds has begun. */
  note(handle: number, pitch: number, velocity: number, beats: Beats, frame: Frames): void
}

/** A path or glob that a view has opened. */
export interface TagHandle {
  /** Counted from 0 in its view. */
  readonly index: number
  readonly channel: TagChannel
  /** What it has come to, with room for all of it. */
  readonly history: TagHistory
  value: TagValue | undefined
  watched: boolean
  /** Whether it is watched, reads a tag and has changed since that was told. */
  due: boolean
}
/** A path that has been set, as everybody sees it when a block begins. */
export interface TagCell {
  readonly parts: readonly string[]
  readonly history: TagHistory
  value: TagValue | undefined
  /** Those that find it. */
  readonly channels: TagChannel[]
}
/** What becomes visible in the block at hand. */
export interface StagedTag {
  readonly cell: TagCell
  readonly value: TagValue
  readonly frame: Frames
  /** Among all that ever was. */
  readonly order: number
  readonly note: NoteShape | undefined
}

/** What a view asks of its board. */
interface ViewedBoard {
  readonly staged: readonly StagedTag[]
  /** What a pattern finds, now and from now on. */
  channel(pattern: TagPattern): TagChannel
}

/**
 * The tags as one instance sees them, at the frame its block has come to. Reading costs a look into an array: paths
 * are compared when a handle is opened and when a path is set for the first time, never later.
 */
export class TagView {
  readonly #board: ViewedBoard
  readonly #handles: TagHandle[] = []
  readonly #several: TagHandle[] = []
  /** How many of the staged changes it has seen. */
  #seen = 0
  #until: Frames = Infinity
  #due = false
  /** There once a note is watched. */
  #notes: NoteQueue | undefined

  constructor(board: ViewedBoard) {
    this.#board = board
  }

  /** Everything it has opened. */
  get handles(): readonly TagHandle[] {
    return this.#handles
  }

  /** A handle for a path or glob, or -1 where 64 are open or it is malformed. */
  open(text: string): number {
    if (this.#handles.length >= MAX_HANDLES) return -1
    const pattern = parsePattern(text)
    if (!pattern) return -1
    const index = this.#handles.length
    const channel = this.#board.channel(pattern)
    const found = [...channel.cells]
    const history = mergedHistory(found.map((cell) => cell.history))
    const order = history.order(0)
    const value = found.find((cell) => cell.history.order(0) === order)?.value
    const handle: TagHandle = { index, channel, history, value, ...UNWATCHED }
    const handles = channel.readers.get(this)
    if (handles) handles.push(handle)
    else channel.readers.set(this, [handle])
    for (const change of this.#board.staged.slice(0, this.#seen))
      if (channel.cells.has(change.cell)) this.#see(handle, change)
    this.#handles.push(handle)
    return index
  }

  /** Handles that read a path, in their order; valid until the next call. */
  #readersOf({ channels }: TagCell): readonly TagHandle[] {
    let readers: readonly TagHandle[] = NONE
    for (const channel of channels) {
      const handles = channel.readers.get(this)
      if (!handles) continue
      if (readers === NONE) {
        readers = handles
        continue
      }
      if (readers !== this.#several) this.#several.splice(0, Infinity, ...readers)
      this.#several.push(...handles)
      readers = this.#several
    }
    return readers === this.#several ? this.#several.sort((a, b) => a.index - b.index) : readers
  }

  /** Newest visible value; NaN where there is none or it is text. */
  get(handle: number): number {
    const value = this.#handles[handle]?.value
    return typeof value === 'number' ? value : NaN
  }

  /** Newest visible text; undefined where there is none or it is a number. */
  text(handle: number): string | undefined {
    const value = this.#handles[handle]?.value
    return typeof value === 'string' ? value : undefined
  }

  /** The jam frame at which the newest was set, or one so many points before it; NaN where there is none. */
  frame(handle: number, back = 0): Frames {
    return this.#handles[handle]?.history.frame(back) ?? NaN
  }

  /** The value so many points before the newest; NaN where there is none or it was a text. */
  value(handle: number, back: number): number {
    return this.#handles[handle]?.history.value(back) ?? NaN
  }

  /** The value that held at a jam frame; NaN where none is remembered or it was a text. */
  at(handle: number, frame: Frames): number {
    return this.#handles[handle]?.history.at(frame) ?? NaN
  }

  /** Points that are remembered, 0 to 256. */
  count(handle: number): number {
    return this.#handles[handle]?.history.count ?? 0
  }

  /** The newest value with its frame. */
  point(handle: number): TagPoint | undefined {
    const value = this.#handles[handle]?.value
    return value === undefined ? undefined : { value, frame: this.frame(handle) }
  }

  /**
   * Frames after `from` at which something staged changes what a handle reads, growing: where the instance's block is
   * cut. At most `limit` of them (16 less what else cuts the block); what changes after the last waits for the next
   * multiple of 128, which `advance` sees to.
   */
  cuts(from: Frames, limit = MAX_CUTS): readonly Frames[] {
    const frames: Frames[] = []
    let last = from
    this.#until = Infinity
    for (const { cell, frame } of this.#board.staged) {
      if (frame <= last || !cell.channels.some(({ readers }) => readers.has(this))) continue
      if (frames.length >= limit) {
        this.#until = last
        break
      }
      frames.push(frame)
      last = frame
    }
    return frames
  }

  /** Sees what is staged up to and including a frame. */
  advance(frame: Frames): void {
    const { staged } = this.#board
    const limit = Math.min(frame, this.#until)
    for (let next = staged[this.#seen]; next && next.frame <= limit; next = staged[++this.#seen])
      for (const handle of this.#readersOf(next.cell)) this.#see(handle, next)
  }

  #see(handle: TagHandle, { value, frame, order, note }: StagedTag): void {
    handle.value = value
    handle.history.add(frame, value, order)
    if (!handle.watched) return
    if (note && typeof value === 'number') {
      this.#notes?.add(handle.index, value, note, frame)
      return
    }
    handle.due = true
    this.#due = true
  }

  /** From now on changes of what a handle reads are told. */
  watch(handle: number): void {
    const watched = this.#handles[handle]
    if (!watched) return
    watched.watched = true
    if (findsNotes(watched.channel.pattern)) this.#notes ??= new NoteQueue()
  }

  /** How many notes were more than may be told, since the last call. */
  lostNotes(): number {
    const lost = this.#notes?.lost ?? 0
    if (this.#notes) this.#notes.lost = 0
    return lost
  }

  /**
   * Tells each watched handle that has changed since it was told last, in order of handles; then the notes that have begun, in
   * their order.
   * @param origin the jam frame from which the listener counts
   */
  tell(listener: TagListener, origin: Frames): void {
    if (this.#due) this.#tellTags(listener, origin)
    this.#notes?.tell(listener, origin)
  }

  #tellTags(listener: TagListener, origin: Frames): void {
    this.#due = false
    for (const handle of this.#handles) {
      if (!handle.due) continue
      handle.due = false
      listener.event(handle.index, this.get(handle.index), this.frame(handle.index) - origin)
    }
  }

  /** Its block is over: sees the rest of what is staged. */
  settle(): void {
    this.#until = Infinity
    this.advance(Infinity)
  }

  /** Sees the rest of a block; the next one starts anew. */
  finish(): void {
    this.settle()
    this.#seen = 0
    this.#notes?.renew()
  }
}

const NONE: readonly TagHandle[] = []
const UNWATCHED = { watched: false, due: false } as const
