import type { Frames } from '../base/index.ts'
import { matches, parsePattern } from './tag-path.ts'
import type { ResolveShort, TagPattern } from './tag-path.ts'
import type { InstancePath, TagPoint, TagValue } from './types.ts'

/** A tag becomes visible. */
export interface TagChange {
  readonly path: string
  readonly value: TagValue
  readonly frame: Frames
}

/** Handles of one instance. */
export const MAX_HANDLES = 64
/** Distinct paths ever set in a jam; tags under further ones are dropped, alike on every node. */
export const MAX_PATHS = 16_384
/** Cuts of one instance's block of 128 by tags and everything else that cuts. */
export const MAX_CUTS = 16

interface Handle {
  readonly pattern: TagPattern
  value: TagValue | undefined
  frame: Frames
}
interface Cell {
  readonly parts: readonly string[]
  value: TagValue | undefined
  frame: Frames
  /** Order in which its newest came, among all cells. */
  order: number
  readonly readers: Map<TagView, Handle[]>
}
interface Staged {
  readonly cell: Cell
  readonly value: TagValue
  readonly frame: Frames
}

/** What a view asks of its board. */
interface Board {
  readonly cells: Map<string, Cell>
  readonly staged: readonly Staged[]
  readonly resolve: ResolveShort
}

/**
 * The tags as one instance sees them, at the frame its block has come to. Reading costs a look into an array: paths
 * are compared when a handle is opened and when a path is set for the first time, never later.
 */
export class TagView {
  readonly #board: Board
  readonly #handles: Handle[] = []
  /** How many of the staged changes it has seen. */
  #seen = 0
  #until: Frames = Infinity

  constructor(board: Board) {
    this.#board = board
  }

  /** A handle for a path or glob, or -1 where 64 are open or it is malformed. */
  open(text: string): number {
    if (this.#handles.length >= MAX_HANDLES) return -1
    const pattern = parsePattern(text)
    if (!pattern) return -1
    const handle: Handle = { pattern, value: undefined, frame: NaN }
    let newest = -1
    for (const cell of this.#board.cells.values()) {
      if (!this.attach(handle, cell) || cell.order <= newest) continue
      newest = cell.order
      handle.value = cell.value
      handle.frame = cell.frame
    }
    for (const { cell, value, frame } of this.#board.staged.slice(0, this.#seen)) {
      if (!cell.readers.get(this)?.includes(handle)) continue
      handle.value = value
      handle.frame = frame
    }
    return this.#handles.push(handle) - 1
  }

  /** Ties a handle to a cell it finds. */
  attach(handle: Handle, cell: Cell): boolean {
    if (!matches(handle.pattern, cell.parts, this.#board.resolve)) return false
    const handles = cell.readers.get(this)
    if (handles) handles.push(handle)
    else cell.readers.set(this, [handle])
    return true
  }

  /** Ties every handle that finds a new cell. */
  attachAll(cell: Cell): void {
    for (const handle of this.#handles) this.attach(handle, cell)
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

  /** The jam frame at which the newest was set; NaN where there is none. */
  frame(handle: number): Frames {
    return this.#handles[handle]?.frame ?? NaN
  }

  /** The newest value with its frame. */
  point(handle: number): TagPoint | undefined {
    const at = this.#handles[handle]
    return at?.value === undefined ? undefined : { value: at.value, frame: at.frame }
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
      if (frame <= last || !cell.readers.has(this)) continue
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
    for (let next = staged[this.#seen]; next && next.frame <= limit; next = staged[++this.#seen]) {
      const handles = next.cell.readers.get(this)
      if (!handles) continue
      for (const handle of handles) {
        handle.value = next.value
        handle.frame = next.frame
      }
    }
  }

  /** Sees the rest of a block; the next one starts anew. */
  finish(): void {
    this.#until = Infinity
    this.advance(Infinity)
    this.#seen = 0
  }
}

/**
 * The tags of a jam, one replica for each thread that renders. For each block of 128: `stage` its changes; each
 * instance's view takes its `cuts` and `advance`s from one to the next; then `finish`.
 */
export class TagBoard {
  readonly #cells = new Map<string, Cell>()
  readonly #views = new Map<InstancePath, TagView>()
  readonly #staged: Staged[] = []
  readonly #resolve: ResolveShort
  #order = 0

  /** @param resolve tells which member a short id in a path means */
  constructor(resolve: ResolveShort = () => undefined) {
    this.#resolve = resolve
  }

  /** The view of an instance, made when first asked for. */
  view(self: InstancePath): TagView {
    let view = this.#views.get(self)
    if (!view) {
      view = new TagView({ cells: this.#cells, staged: this.#staged, resolve: this.#resolve })
      this.#views.set(self, view)
    }
    return view
  }

  /** Forgets an instance and its handles. */
  close(self: InstancePath): void {
    const view = this.#views.get(self)
    if (!view) return
    this.#views.delete(self)
    for (const cell of this.#cells.values()) cell.readers.delete(view)
  }

  /** What becomes visible in the block to come, ordered by frame; of several for one frame the last is the newest. */
  stage(changes: readonly TagChange[]): void {
    for (const { path, value, frame } of changes) {
      const cell = this.#cells.get(path) ?? this.#newCell(path)
      if (cell) this.#staged.push({ cell, value, frame })
    }
  }

  #newCell(path: string): Cell | undefined {
    if (this.#cells.size >= MAX_PATHS) return undefined
    const cell: Cell = { parts: path.split('/'), value: undefined, frame: NaN, order: -1, readers: new Map() }
    this.#cells.set(path, cell)
    for (const view of this.#views.values()) view.attachAll(cell)
    return cell
  }

  /** The block is over: everything staged is seen by everybody. */
  finish(): void {
    if (this.#staged.length === 0) return
    for (const view of this.#views.values()) view.finish()
    for (const { cell, value, frame } of this.#staged) {
      cell.value = value
      cell.frame = frame
      cell.order = this.#order++
    }
    this.#staged.length = 0
  }

  /** Applies changes at once, for who does not render in blocks. */
  apply(changes: readonly TagChange[]): void {
    this.stage(changes)
    this.finish()
  }
}
