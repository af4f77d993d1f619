import type { Frames } from '../base/index.ts'
import type { NoteShape } from './note-queue.ts'
import { TagChannels } from './tag-channels.ts'
import { TagHistory } from './tag-history.ts'
import { matches, nameIn } from './tag-path.ts'
import type { ResolveShort, TagPattern } from './tag-path.ts'
import { TagView } from './tag-view.ts'
import type { StagedTag, TagCell } from './tag-view.ts'
import type { InstancePath, TagValue } from './types.ts'

/** A tag becomes visible, or a note begins. */
export interface TagChange {
  readonly path: string
  /** Of a note its pitch. */
  readonly value: TagValue
  readonly frame: Frames
  /** Of notes alone. */
  readonly note?: NoteShape
}

/** Distinct paths ever set in a jam; tags under further ones are dropped, alike on every node. */
export const MAX_PATHS = 16_384

/**
 * The tags of a jam, one replica for each thread that renders. For each block of 128: `stage` its changes; each
 * instance's view takes its `cuts` and `advance`s from one to the next; then `finish`.
 */
export class TagBoard {
  readonly #cells = new Map<string, TagCell>()
  /** Cells by the last part of their path. */
  readonly #cellsByName = new Map<string, TagCell[]>()
  readonly #channels: TagChannels
  readonly #views = new Map<InstancePath, TagView>()
  readonly #staged: StagedTag[] = []
  readonly #resolve: ResolveShort
  #order = 0
  /** Whether something was staged for the block before: notes of it may have been told in this one. */
  #lingering = false

  /** @param resolve tells which member a short id in a path means */
  constructor(resolve: ResolveShort = () => undefined) {
    this.#resolve = resolve
    this.#channels = new TagChannels(resolve)
  }

  /** The view of an instance, made when first asked for. */
  view(self: InstancePath): TagView {
    let view = this.#views.get(self)
    if (!view) {
      view = new TagView({
        staged: this.#staged,
        channel: (pattern) => this.#channels.open(pattern, () => this.#found(pattern)),
      })
      this.#views.set(self, view)
    }
    return view
  }

  /** Forgets an instance and its handles. */
  close(self: InstancePath): void {
    const view = this.#views.get(self)
    if (!view) return
    this.#views.delete(self)
    this.#channels.close(view)
  }

  /** What becomes visible in the block to come, ordered by frame; of several for one frame the last is the newest. */
  stage(changes: readonly TagChange[]): void {
    this.#channels.renew()
    for (const { path, value, frame, note } of changes) {
      const cell = this.#cells.get(path) ?? this.#newCell(path)
      if (cell) this.#staged.push({ cell, value, frame, order: this.#order++, note })
    }
  }

  #newCell(path: string): TagCell | undefined {
    if (this.#cells.size >= MAX_PATHS) return undefined
    const parts = path.split('/')
    const name = parts.at(-1) ?? ''
    const cell: TagCell = { parts, history: new TagHistory(), value: undefined, channels: [] }
    this.#cells.set(path, cell)
    grouped(this.#cellsByName, name, () => new Array<TagCell>()).push(cell)
    this.#channels.attach(cell)
    return cell
  }

  #found(pattern: TagPattern): readonly TagCell[] {
    return [...this.#candidates(pattern)].filter(({ parts }) => matches(pattern, parts, this.#resolve))
  }

  #candidates(pattern: TagPattern): Iterable<TagCell> {
    const name = nameIn(pattern)
    return name === undefined ? this.#cells.values() : (this.#cellsByName.get(name) ?? [])
  }

  /** The block is over: everything staged is seen by everybody. */
  finish(): void {
    const changed = this.#staged.length > 0
    if (changed || this.#lingering) for (const view of this.#views.values()) view.finish()
    this.#lingering = changed
    for (const { cell, value, frame, order } of this.#staged) {
      cell.value = value
      cell.history.add(frame, value, order)
    }
    this.#staged.length = 0
  }

  /** Applies changes at once, for who does not render in blocks. */
  apply(changes: readonly TagChange[]): void {
    this.stage(changes)
    this.finish()
  }
}

/** What a map holds under a key, made where there is nothing yet. */
function grouped<G>(groups: Map<string, G>, key: string, make: () => G): G {
  const known = groups.get(key)
  if (known !== undefined) return known
  const made = make()
  groups.set(key, made)
  return made
}
