import { isName } from '../base/index.ts'
import type { Beats, Frames } from '../base/index.ts'
import { MAX_TAG_TEXT } from '../entry/index.ts'
import { Heap } from './heap.ts'
import type { TagChange } from './tags.ts'
import type { GridView, InstancePath, TagValue } from './types.ts'

/** Distinct names one instance may set. */
export const MAX_NAMES = 64
/** Tags of one instance that wait for their beat. */
export const MAX_PENDING = 1024
/** Tags one instance may set in one block of 128. */
export const MAX_SETS = 64

interface Pending {
  readonly owner: Owner
  readonly path: string
  readonly value: TagValue
  readonly beat: Beats
  /** Order of processing. */
  readonly order: number
}
interface Owner {
  readonly names: Set<string>
  waiting: number
  /** Settings in the block that ends at `block`. */
  sets: number
  block: Frames
}

/**
 * Tags that instances have set for a beat, until they become visible (ENGINE-1 section 3). Its bounds are each
 * instance's own, so that nothing others do changes what counts.
 */
export class PendingTags {
  readonly #heap = new Heap<Pending>((a, b) => a.beat - b.beat || a.order - b.order)
  readonly #owners = new Map<InstancePath, Owner>()
  #order = 0

  /**
   * An instance sets a tag under its own path. Called in processing order: blocks in order, instances in score order
   * within one.
   * @param beat from which it is visible; NaN for as soon as may be
   * @param block first frame of the block of 128 in which it was set
   * @returns whether it counts: not with a malformed name or value, or above 64 names, 64 sets a block, 1,024 waiting
   */
  set(self: InstancePath, name: string, value: TagValue, beat: Beats, block: Frames): boolean {
    if (!isName(name) || !isValue(value) || beat === Infinity) return false
    const owner = this.#ownerOf(self)
    if (!owner.names.has(name) && owner.names.size >= MAX_NAMES) return false
    if (owner.block !== block) {
      owner.block = block
      owner.sets = 0
    }
    if (owner.sets >= MAX_SETS || owner.waiting >= MAX_PENDING) return false
    owner.names.add(name)
    owner.sets++
    owner.waiting++
    const at = Number.isNaN(beat) ? -Infinity : beat
    this.#heap.push({ owner, path: `${self}/${name}`, value, beat: at, order: this.#order++ })
    return true
  }

  #ownerOf(self: InstancePath): Owner {
    let owner = this.#owners.get(self)
    if (!owner) {
      owner = { names: new Set(), waiting: 0, sets: 0, block: NaN }
      this.#owners.set(self, owner)
    }
    return owner
  }

  /**
   * Takes out what becomes visible in [from, from + 128): at its beat's frame, at the earliest at `from`. Ordered by
   * frame; of several for one frame the one set last comes last. Called for each block once, before it is rendered, so
   * that what was set in a block is seen in the next at the earliest.
   */
  visible(from: Frames, grid: GridView, to: Frames = from + 128): readonly TagChange[] {
    const due: (TagChange & { readonly order: number })[] = []
    for (let next = this.#heap.peek(); next; next = this.#heap.peek()) {
      const frame = next.beat === -Infinity ? from : grid.frameOfBeat(next.beat)
      if (frame >= to) break
      this.#heap.pop()
      next.owner.waiting--
      due.push({ path: next.path, value: next.value, frame: Math.max(frame, from), order: next.order })
    }
    if (due.length === 0) return NONE
    due.sort((a, b) => a.frame - b.frame || a.order - b.order)
    return due.map(({ path, value, frame }) => ({ path, value, frame }))
  }
}

const NONE: readonly TagChange[] = Object.freeze([])

const isValue = (value: TagValue): boolean =>
  typeof value === 'number' ? Number.isFinite(value) : value.length <= MAX_TAG_TEXT
