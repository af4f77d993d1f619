import { refOf } from '../base/index.ts'
import type { Bars, Frames, Name, Ticks } from '../base/index.ts'
import type { Grid } from './grid.ts'
import type { TagItem } from './items.ts'
import { comparePublished } from './order.ts'
import type { Command, TagPoint, TagValue } from './types.ts'

/** The name whose value every member may set for the whole jam: the section of the piece. */
const CONTEXT = 'context'

/**
 * Tags that members publish: each holds under `<player>/<name>`; `context` also under `jam/context`, where the newest
 * by any member counts. Newest is by score order, so one that arrives after a newer one changes nothing.
 */
export class EntryTags {
  readonly #inForce = new Map<string, TagItem>()
  readonly #told = new Map<string, TagPoint>()
  readonly #byName = new Map<string, TagPoint>()

  /** The commands by which a tag takes effect at a frame; none where a newer one already has. */
  apply(item: TagItem, frame: Frames): readonly Command[] {
    const { name, value } = item.payload
    const path = `${refOf(item.identity)}/${name}`
    const commands: Command[] = []
    if (this.#takes(path, item)) {
      commands.push(this.tell(path, value, frame))
      this.#byName.set(name, { value, frame })
    }
    if (name === CONTEXT && this.#takes('jam/context', item)) commands.push(this.tell('jam/context', value, frame))
    return commands
  }

  /** A tag command, remembered for `newest`. */
  tell(path: string, value: TagValue, frame: Frames): Command {
    this.#told.set(path, { value, frame })
    return { kind: 'tag', frame, path, value }
  }

  /** What was told last under a path, or by anybody under a bare name. */
  newest(path: string): TagPoint | undefined {
    return path.includes('/') ? this.#told.get(path) : this.#byName.get(path)
  }

  #takes(path: string, item: TagItem): boolean {
    const held = this.#inForce.get(path)
    if (held && compareTags(held, item) > 0) return false
    this.#inForce.set(path, item)
    return true
  }

  /**
   * Takes back a tag that counts no more. Where it was in force the newest of those that remain holds again from
   * `frame` on; where none remains its last value stays, since a tag cannot be unset.
   * @param remaining tags that count and have taken effect, any order
   */
  withdraw(item: TagItem, remaining: readonly TagItem[], frame: Frames): readonly Command[] {
    const own = `${refOf(item.identity)}/${item.payload.name}`
    const same = remaining.filter((other) => other.payload.name === item.payload.name).sort(compareTags)
    const commands: Command[] = []
    for (const path of [own, 'jam/context']) {
      if (this.#inForce.get(path) !== item) continue
      this.#inForce.delete(path)
      const next = same.findLast((other) => path === 'jam/context' || other.identity === item.identity)
      if (!next) continue
      this.#inForce.set(path, next)
      commands.push(this.tell(path, next.payload.value, frame))
      if (path === own) this.#byName.set(item.payload.name, { value: next.payload.value, frame })
    }
    return commands
  }
}

const compareTags = (a: TagItem, b: TagItem): number => a.payload.at - b.payload.at || comparePublished(a, b)

/**
 * The first bar line at or after one tick, and before another, at which a tag held by entries alone: for who joins late and did
 * not hear what instances set. However many lines lie between, it can only be the first that sees some tag.
 * @param tags those that count, any order
 */
export function heldByEntries(
  tags: readonly TagItem[],
  when: { readonly name: Name; readonly value: TagValue },
  grid: Pick<Grid, 'barOfTick' | 'tickOfBar'>,
  { from, to }: { readonly from: Ticks; readonly to: Ticks },
): Ticks | undefined {
  const lineAt = (tick: Ticks): Bars => Math.ceil(grid.barOfTick(tick))
  const sorted = tags.filter((tag) => tag.payload.name === when.name).sort(compareTags)
  const lines = sorted.map(({ payload }) => Math.max(lineAt(from), lineAt(payload.at)))
  const end = lineAt(to)
  const held = lines.find(
    (line, n) => sorted[n]?.payload.value === when.value && line < Math.min(end, lines[n + 1] ?? Infinity),
  )
  return held === undefined ? undefined : grid.tickOfBar(held)
}
