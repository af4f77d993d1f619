import type { Frames } from '../../base/index.ts'
import { findsNotes, MAX_NOTES, parsePattern, type TagListener } from '../../jam/index.ts'
import type { BlockPosition, TagAccess } from '../types.ts'
import { BeatLines } from './beats.ts'
import { MAX_WATCHES } from './limits.ts'
import type { Told } from './lines.ts'
import type { LineRing } from './line-ring.ts'

interface Watch {
  readonly path: string
  readonly handle: number
  readonly of: 'tags' | 'notes'
  /** When what was told last was set; NaN before. */
  frame: Frames
}

/**
 * What a process is to know, told as far as there is room: where it does not read, the newest value takes the place of
 * those before it.
 */
export class Teller {
  readonly #out: LineRing
  readonly #tags: TagAccess
  readonly #params = new Map<string, number>()
  readonly #watches: Watch[] = []
  /** Notes that have not been told. */
  readonly #notes: Extract<Told, { kind: 'note' }>[] = []
  readonly #listener: TagListener = {
    event: () => undefined,
    note: (handle, pitch, velocity, beats, frame) => {
      const path = this.#watches.find((watch) => watch.handle === handle)?.path
      if (path !== undefined && this.#notes.length < MAX_NOTES)
        this.#notes.push({ kind: 'note', path, pitch, velocity, beats, frame })
    },
  }
  readonly #beats = new BeatLines()
  #stop: 'no' | 'due' | 'told' = 'no'

  constructor(out: LineRing, tags: TagAccess) {
    this.#out = out
    this.#tags = tags
  }

  param(name: string, value: number): void {
    this.#params.set(name, value)
  }

  stop(): void {
    if (this.#stop === 'no') this.#stop = 'due'
  }

  /** False where the path is no good or too many are watched. */
  watch(path: string): boolean {
    if (this.#watches.some((watch) => watch.path === path)) return true
    const handle = this.#watches.length < MAX_WATCHES ? this.#tags.open(path) : -1
    if (handle < 0) return false
    const pattern = parsePattern(path)
    const of = pattern && findsNotes(pattern) ? 'notes' : 'tags'
    if (of === 'notes') this.#tags.watch(handle)
    this.#watches.push({ path, handle, of, frame: Number.NaN })
    return true
  }

  /** Counts the beats of its first block as told: whoever started the process ahead of it did. */
  skipBeats(block: BlockPosition): void {
    this.#beats.skip(block)
  }

  /** Before each block. @returns whether there was anything to tell */
  tell(block: BlockPosition): boolean {
    this.#tags.tell(this.#listener)
    let told = false
    for (const line of this.#due(block)) {
      if (!this.#out.write(JSON.stringify(line))) break
      told = true
    }
    return told
  }

  /** What is due; each counts as told once the next one is asked for. */
  *#due(block: BlockPosition): Generator<Told> {
    yield* this.#beats.due(block)
    for (const [name, value] of [...this.#params]) {
      yield { kind: 'param', name, value }
      this.#params.delete(name)
    }
    for (const watch of this.#watches) if (watch.of === 'tags') yield* this.#change(watch)
    for (let note = this.#notes[0]; note; note = this.#notes[0]) {
      yield note
      this.#notes.shift()
    }
    if (this.#stop !== 'due') return
    yield { kind: 'stop' }
    this.#stop = 'told'
  }

  *#change(watch: Watch): Generator<Told> {
    const { path, handle, frame } = watch
    const set = this.#tags.frame(handle)
    if (Number.isNaN(set) || set === frame) return
    yield { kind: 'tag', path, value: this.#tags.text(handle) ?? this.#tags.get(handle) }
    watch.frame = set
  }
}
