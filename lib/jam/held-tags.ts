import type { Bars, Name, Ticks } from '../base/index.ts'
import { compareTags } from './entry-tags.ts'
import type { Grid } from './grid.ts'
import type { TagItem } from './items.ts'
import type { TagValue } from './types.ts'

/** What a bar line sees of one name: the newest value before it or on it, from that line to the next one here. */
interface Line {
  readonly bar: Bars
  readonly value: TagValue
}

/** The lines of one name, and those of each value, both growing. */
interface Lines {
  readonly all: readonly Line[]
  readonly byValue: ReadonlyMap<TagValue, readonly Line[]>
}

/**
 * What tags held by entries alone at which bar line: for who joins late and did not hear what instances set. Sorted once for
 * all who ask, and then looked up: neither how many tags nor how many bars lie between matters.
 */
export class HeldTags {
  readonly #grid: Pick<Grid, 'barOfTick' | 'tickOfBar'>
  readonly #byName = new Map<Name, Lines>()

  /** @param tags those that count, any order */
  constructor(tags: Iterable<TagItem>, grid: Pick<Grid, 'barOfTick' | 'tickOfBar'>) {
    this.#grid = grid
    const byName = new Map<Name, TagItem[]>()
    for (const tag of tags) {
      const same = byName.get(tag.payload.name)
      if (same) same.push(tag)
      else byName.set(tag.payload.name, [tag])
    }
    for (const [name, same] of byName) this.#byName.set(name, this.#linesOf(same))
  }

  /** The first bar line at or after one tick, and before another, at which a tag held. */
  firstLine(
    { name, value }: { readonly name: Name; readonly value: TagValue },
    { from, to }: { readonly from: Ticks; readonly to: Ticks },
  ): Ticks | undefined {
    const lines = this.#byName.get(name)
    if (!lines) return undefined
    const first = this.#lineAt(from)
    const holds = lines.all[countTo(lines.all, first) - 1]?.value === value
    const same = lines.byValue.get(value) ?? []
    const bar = holds ? first : same[countTo(same, first)]?.bar
    return bar !== undefined && bar < this.#lineAt(to) ? this.#grid.tickOfBar(bar) : undefined
  }

  #lineAt(tick: Ticks): Bars {
    return Math.ceil(this.#grid.barOfTick(tick))
  }

  /** Of several tags that one line is the first to see, it sees the last. */
  #linesOf(tags: TagItem[]): Lines {
    const seen = new Map<Bars, TagValue>()
    for (const { payload } of tags.sort(compareTags)) seen.set(this.#lineAt(payload.at), payload.value)
    const all = [...seen].map(([bar, value]) => ({ bar, value }))
    const byValue = new Map<TagValue, Line[]>()
    for (const line of all) {
      const same = byValue.get(line.value)
      if (same) same.push(line)
      else byValue.set(line.value, [line])
    }
    return { all, byValue }
  }
}

/** How many lines, of those from the first on, stand at a bar or before it. */
function countTo(lines: readonly Line[], bar: Bars): number {
  let [low, high] = [0, lines.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((lines[middle] as Line).bar <= bar) low = middle + 1
    else high = middle
  }
  return low
}
