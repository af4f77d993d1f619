import { isPlayerRef } from '../base/index.ts'
import type { Frames } from '../base/index.ts'
import type { LateNotes, PendingTags } from './pending-tags.ts'
import { MAX_PATHS } from './tags.ts'
import type { TagChange } from './tags.ts'
import type { Command, GridView, TagPoint } from './types.ts'

/** What one block of 128 brings. */
export interface BlockPlan {
  /** Starts, stops, parameters and the end, ordered by frame. */
  readonly commands: readonly Exclude<Command, { kind: 'tag' }>[]
  /** Every tag that becomes visible, by entries and by instances, ordered: what each replica of the board stages. */
  readonly changes: readonly TagChange[]
  /** Whose notes came too late. */
  readonly late: readonly LateNotes[]
}

/** What the flow draws on; the conductor is a JamConductor made with this flow's `readTag`. */
export interface FlowParts {
  readonly pending: PendingTags
  readonly conductor: { readonly grid: GridView; commands(from: Frames): readonly Command[] }
}

/**
 * Brings the tags of entries and of instances into one order, block by block. At one frame those of entries come first,
 * then those of instances in the order in which they were set. Lives beside the conductor, on the thread that mixes.
 */
export class TagFlow {
  readonly #newest = new Map<string, TagPoint>()
  #visible: readonly TagChange[] = []

  /** What `when` reads: the newest under a bare name or one path at a frame of the block being planned. */
  readonly readTag = (path: string, frame: Frames): TagPoint | undefined => {
    const found = this.#visible.findLast(
      (change) => change.frame <= frame && !change.note && isUnder(path, change.path),
    )
    return found ?? this.#newest.get(path)
  }

  /** Plans the block at `from`. Called once for each, in order, after every tag set in the one before is in `pending`. */
  step({ pending, conductor }: FlowParts, from: Frames): BlockPlan {
    this.#visible = pending.visible(from, conductor.grid)
    const commands: Exclude<Command, { kind: 'tag' }>[] = []
    const told: TagChange[] = []
    for (const command of conductor.commands(from)) {
      if (command.kind === 'tag') told.push({ path: command.path, value: command.value, frame: command.frame })
      else commands.push(command)
    }
    const changes = [...told, ...this.#visible].sort((a, b) => a.frame - b.frame)
    for (const change of changes) this.#remember(change)
    return { commands, changes, late: pending.late(from) }
  }

  /** A note is no tag. */
  #remember({ path, value, frame, note }: TagChange): void {
    if (note) return
    if (this.#newest.size >= 2 * MAX_PATHS && !this.#newest.has(path)) return
    this.#newest.set(path, { value, frame })
    const name = nameOf(path)
    if (name !== undefined) this.#newest.set(name, { value, frame })
  }
}

/** The name of a tag that a player or an instance sets; undefined for `jam/…`. */
const nameOf = (path: string): string | undefined =>
  isPlayerRef(path.slice(0, path.indexOf('/'))) ? path.slice(path.lastIndexOf('/') + 1) : undefined
const isUnder = (wanted: string, path: string): boolean => wanted === path || wanted === nameOf(path)
