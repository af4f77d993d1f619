import { isName, SAMPLE_RATE } from '../base/index.ts'
import type { Beats, Frames } from '../base/index.ts'
import { MAX_TAG_TEXT } from '../entry/index.ts'
import { Heap } from './heap.ts'
import { MAX_NOTES } from './note-queue.ts'
import type { NoteShape } from './note-queue.ts'
import { NOTE } from './tag-path.ts'
import type { TagChange } from './tags.ts'
import type { GridView, InstancePath, TagValue } from './types.ts'

/** Distinct names one instance may set, those of its notes included. */
export const MAX_NAMES = 64
/** Tags and notes of one instance that wait for their beat. */
export const MAX_PENDING = 1024
/** Tags one instance may set in one block of 128. */
export const MAX_SETS = 64
/** What waits of all instances of one player, those that are over among them: tags and notes, and UTF-16 code units of their texts. */
export const MAX_PLAYER_PENDING = 8192
export const MAX_PLAYER_TEXT = 65_536
/** What an instance has set for later than so long after its end is dropped with it. */
const OUTLASTS: Beats = 256

interface Pending {
  readonly owner: Owner
  readonly path: string
  readonly value: TagValue
  readonly beat: Beats
  /** Order of processing. */
  readonly order: number
  readonly note: NoteShape | undefined
}
interface Owner {
  readonly self: InstancePath
  readonly player: string
  readonly names: Set<string>
  readonly waiting: Set<Pending>
  /** Settings and notes in the block that begins at `block`. */
  sets: number
  notes: number
  block: Frames
  /** Notes that came too late since that was told, and when it was. */
  late: number
  told: Frames
}

/** What waits of one player. */
interface Share {
  count: number
  text: number
}

/** Notes of one instance that were dropped. */
export interface LateNotes {
  readonly path: InstancePath
  readonly count: number
}

/**
 * Tags and notes that instances have set for a beat, until they become visible (ENGINE-1 section 3). Its bounds are each
 * instance's or each player's own, so that nothing other players do changes what counts.
 */
export class PendingTags {
  readonly #heap = new Heap<Pending>((a, b) => a.beat - b.beat || a.order - b.order)
  /** Of instances that play and have set something: as many as may play at once. */
  readonly #owners = new Map<InstancePath, Owner>()
  /** Of players of whom anything waits. */
  readonly #shares = new Map<string, Share>()
  /** Items of the heap that wait no longer. */
  #dropped = 0
  /** Those whose notes came too late, which has not been told. */
  readonly #late = new Set<Owner>()
  #order = 0

  /**
   * An instance sets a tag under its own path, or plays a note, whose value is its pitch. Called in processing order: blocks in order, instances in score order
   * within one.
   * @param beat from which it is visible; NaN for as soon as may be
   * @param block first frame of the block of 128 in which it was set
   * @returns whether it counts: not with a malformed name or value, or above 64 names, 64 tags or 256 notes a block, 1,024 waiting,
   * 8,192 waiting of its player or 65,536 code units of text in them
   */
  set(self: InstancePath, name: string, value: TagValue, beat: Beats, block: Frames, note?: NoteShape): boolean {
    if (!isName(name) || !isValue(value) || beat === Infinity) return false
    const owner = this.#ownerOf(self)
    const own = note ? `${NOTE}/${name}` : name
    if (!owner.names.has(own) && owner.names.size >= MAX_NAMES) return false
    if (owner.block !== block) {
      owner.block = block
      owner.sets = 0
      owner.notes = 0
    }
    const full = note ? owner.notes >= MAX_NOTES : owner.sets >= MAX_SETS
    if (full || owner.waiting.size >= MAX_PENDING || !this.#share(owner, value)) return false
    owner.names.add(own)
    if (note) owner.notes++
    else owner.sets++
    const at = Number.isNaN(beat) ? -Infinity : beat
    const pending = { owner, path: `${self}/${own}`, value, beat: at, order: this.#order++, note }
    owner.waiting.add(pending)
    this.#heap.push(pending)
    return true
  }

  /** Makes a value that is to wait count, unless too much of its player waits. */
  #share({ player }: Owner, value: TagValue): boolean {
    const share = this.#shares.get(player) ?? { count: 0, text: 0 }
    const text = share.text + textIn(value)
    if (share.count >= MAX_PLAYER_PENDING || text > MAX_PLAYER_TEXT) return false
    share.count++
    share.text = text
    this.#shares.set(player, share)
    return true
  }

  /** It waits no longer. */
  #release(pending: Pending): void {
    const { owner, value } = pending
    owner.waiting.delete(pending)
    const share = this.#shares.get(owner.player)
    if (!share) return
    share.text -= textIn(value)
    if (--share.count === 0) this.#shares.delete(owner.player)
  }

  #ownerOf(self: InstancePath): Owner {
    let owner = this.#owners.get(self)
    if (!owner) {
      const player = self.slice(0, self.indexOf('/'))
      owner = { self, player, names: new Set(), waiting: new Set(), ...FRESH }
      this.#owners.set(self, owner)
    }
    return owner
  }

  /** What is held, of which half at most waits no longer. */
  get size(): number {
    return this.#heap.size
  }

  /**
   * An instance is over, and none starts under its path again: what it has set still becomes visible, but for what it has
   * set for more than 256 beats later.
   * @param beat at which the block began in which it ended
   */
  forget(self: InstancePath, beat: Beats = Infinity): void {
    const owner = this.#owners.get(self)
    if (!owner) return
    this.#owners.delete(self)
    for (const pending of owner.waiting) {
      if (pending.beat <= beat + OUTLASTS) continue
      this.#release(pending)
      this.#dropped++
    }
    // All of it is gone through only when half of it is to go: so an end costs what it drops.
    if (2 * this.#dropped <= this.#heap.size) return
    this.#heap.keep((pending) => pending.owner.waiting.has(pending))
    this.#dropped = 0
  }

  /**
   * Takes out what becomes visible in [from, from + 128): at its beat's frame, at the earliest at `from`. Ordered by
   * frame; of several for one frame the one set last comes last. A note whose frame is over is dropped, not played late. Called for each block once, before it is rendered, so
   * that what was set in a block is seen in the next at the earliest.
   */
  visible(from: Frames, grid: GridView, to: Frames = from + 128): readonly TagChange[] {
    const due: { readonly change: TagChange; readonly order: number }[] = []
    for (let next = this.#heap.peek(); next; next = this.#heap.peek()) {
      const frame = next.beat === -Infinity ? from : grid.frameOfBeat(next.beat)
      if (frame >= to) break
      this.#heap.pop()
      if (!next.owner.waiting.has(next)) {
        this.#dropped--
        continue
      }
      this.#release(next)
      const { path, value, order, note } = next
      if (note && frame < from) this.#drop(next.owner)
      else due.push({ change: { path, value, frame: Math.max(frame, from), ...(note && { note }) }, order })
    }
    if (due.length === 0) return NONE
    due.sort((a, b) => a.change.frame - b.change.frame || a.order - b.order)
    return due.map(({ change }) => change)
  }

  #drop(owner: Owner): void {
    owner.late++
    this.#late.add(owner)
  }

  /** Whose notes came too late: for each once in a second at most, how many since the last time. Called for each block once. */
  late(from: Frames): readonly LateNotes[] {
    const told: LateNotes[] = []
    for (const owner of this.#late) {
      if (from - owner.told < SAMPLE_RATE) continue
      told.push({ path: owner.self, count: owner.late })
      owner.late = 0
      owner.told = from
      this.#late.delete(owner)
    }
    return told
  }
}

const NONE: readonly TagChange[] = Object.freeze([])

const FRESH = { sets: 0, notes: 0, block: NaN, late: 0, told: -Infinity } as const

/** UTF-16 code units of a value's text; 0 of a number. */
export const textIn = (value: TagValue): number => (typeof value === 'string' ? value.length : 0)
const isValue = (value: TagValue): boolean =>
  typeof value === 'number' ? Number.isFinite(value) : value.length <= MAX_TAG_TEXT
