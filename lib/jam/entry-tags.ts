import { refOf } from '../base/index.ts'
import type { Frames } from '../base/index.ts'
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

/** By where they stand, then in the order in which they were published. */
export const compareTags = (a: TagItem, b: TagItem): number => a.payload.at - b.payload.at || comparePublished(a, b)
