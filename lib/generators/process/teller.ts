import type { Beats, Frames } from '../../base/index.ts'
import { findsNotes, MAX_NOTES, parsePattern, type TagListener } from '../../jam/index.ts'
import type { BlockPosition, TagAccess } from '../types.ts'
import { BEATS_AHEAD, LEAST_BEATS, MAX_WATCHES } from './limits.ts'
import type { Told } from './lines.ts'
import type { LineRing } from './line-ring.ts'

interface Watch {
  readonly path: string
  readonly handle: number
  readonly of: 'tags' | 'notes'
  /** When what was told last was set; NaN before. */
  frame: Frames
}

const MINUTE_FRAMES = 60 * 48_000

/** Beats in a minute where a block lies. */
export const tempoOf = ({ beatsPerFrame }: BlockPosition): number => Number((beatsPerFrame * MINUTE_FRAMES).toFixed(9))

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
  #tempo: number | undefined
  #nextBeat: Beats = 0
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
    const tempo = tempoOf(block)
    if (tempo !== this.#tempo) {
      yield { kind: 'tempo', bpm: tempo }
      this.#tempo = tempo
      this.#nextBeat = Math.ceil(block.beat - 1e-9)
    }
    yield* this.#beats(block)
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

  *#beats({ beat, beatsPerFrame, frame }: BlockPosition): Generator<Told> {
    const last = Math.max(beat + BEATS_AHEAD * beatsPerFrame, Math.ceil(beat) + LEAST_BEATS)
    for (; this.#nextBeat <= last; this.#nextBeat++) {
      const at = frame + Math.max(0, Math.ceil((this.#nextBeat - beat) / beatsPerFrame - 1e-6))
      yield { kind: 'beat', beat: this.#nextBeat, frame: at }
    }
  }

  *#change(watch: Watch): Generator<Told> {
    const { path, handle, frame } = watch
    const set = this.#tags.frame(handle)
    if (Number.isNaN(set) || set === frame) return
    yield { kind: 'tag', path, value: this.#tags.text(handle) ?? this.#tags.get(handle) }
    watch.frame = set
  }
}
