import { BLOCK, type Frames } from '../base/index.ts'
import { NOTE, type TagPoint } from '../jam/index.ts'
import type { Stem, TagChange } from '../mix/index.ts'

/** Columns that a whole jam comes to at most, however long it is. */
export const MAX_COLUMNS = 2_048
/** Changes that are kept of one tag, and tags of which any are. */
const MAX_STEPS = 512
const MAX_TAGS = 64
/** Tags that are drawn whoever sets them. */
const NOTABLE: ReadonlySet<string> = new Set(['chord', 'density'])
/** The path of the whole mix among those of instances and returns. */
export const MIX = 'mix'
/** The tag of the section of the piece, under its path in the jam. */
export const CONTEXT = 'context'

/** What is heard of one thing: from a column on, one value a column, 1 is full scale. */
export interface Envelope {
  readonly first: number
  readonly peak: readonly number[]
  readonly rms: readonly number[]
}

interface Kept {
  readonly first: number
  readonly peak: number[]
  /** Squares of both channels, added up. */
  readonly energy: number[]
}

/**
 * An overview of what is rendered, made as it is rendered: peaks and loudness of each instance, of the returns and of the
 * mix, in columns of equal length, and what became of the tags worth seeing. When there are too many columns, each two become
 * one: what is kept depends on the number of instances, not on the length of the jam. Column n holds the frames from n times
 * `width` on, so that those of two renders lie alike.
 */
export class Overview {
  #width: Frames = BLOCK
  #from: Frames | undefined
  readonly #kept = new Map<string, Kept>()
  readonly #tracks = new Map<string, string>()
  readonly #tags = new Map<string, Steps>()

  /** Frames of a column: 128 times a power of two. */
  get width(): Frames {
    return this.#width
  }

  /** Takes the stems of 128 frames, each as loud as the player's own fader lets it be. */
  stems(stems: readonly Stem[], at: Frames): void {
    const column = this.#column(at)
    for (const { path, track, left, right, gainLeft, gainRight } of stems) {
      if (track !== undefined) this.#tracks.set(path, track)
      let peak = 0
      let energy = 0
      for (let i = 0; i < BLOCK; i++) {
        const a = (left[i] ?? 0) * gainLeft
        const b = (right[i] ?? 0) * gainRight
        peak = Math.max(peak, Math.abs(a), Math.abs(b))
        energy += a * a + b * b
      }
      add(this.#of(path, column), column, peak, energy)
    }
  }

  /** Takes the mix: interleaved stereo, from a frame on. */
  mix(samples: Float32Array, at: Frames): void {
    for (let from = 0; from < samples.length;) {
      const column = this.#column(at + from / 2)
      const to = Math.min(samples.length, 2 * ((column + 1) * this.#width - at))
      let peak = 0
      let energy = 0
      for (let i = from; i < to; i++) {
        const sample = samples[i] ?? 0
        peak = Math.max(peak, Math.abs(sample))
        energy += sample * sample
      }
      add(this.#of(MIX, column), column, peak, energy)
      from = to
    }
  }

  /** Takes what became visible of tags. */
  changes(changes: readonly TagChange[]): void {
    for (const { path, value, frame } of changes) {
      const name = seenName(path)
      if (name === undefined) continue
      let steps = this.#tags.get(name)
      if (!steps && this.#tags.size >= MAX_TAGS) continue
      if (!steps) this.#tags.set(name, (steps = new Steps()))
      steps.set({ frame, value })
    }
  }

  /**
   * Undefined of what was never heard.
   * @param width of its columns: this overview's own times a power of two
   */
  envelope(path: string, width: Frames = this.#width): Envelope | undefined {
    let kept = this.#kept.get(path)
    if (!kept) return undefined
    for (let own = this.#width; own < width; own *= 2) kept = halved(kept)
    const { first, peak, energy } = kept
    return { first, peak, rms: energy.map((sum) => Math.sqrt(sum / (2 * width))) }
  }

  /** What an instance's generator says that it is. */
  track(path: string): string | undefined {
    return this.#tracks.get(path)
  }

  /** Names of tags that changed, `context` among them, in the order in which they first did. */
  get tags(): readonly string[] {
    return [...this.#tags.keys()]
  }

  /** What a tag was, by frame: the newest by anybody. */
  points(tag: string): readonly TagPoint[] {
    return this.#tags.get(tag)?.points ?? []
  }

  #of(path: string, column: number): Kept {
    let kept = this.#kept.get(path)
    if (!kept) this.#kept.set(path, (kept = { first: column, peak: [], energy: [] }))
    return kept
  }

  /** The column of a frame, which is none before the first that was given. */
  #column(at: Frames): number {
    this.#from ??= at
    while (Math.floor(at / this.#width) - Math.floor(this.#from / this.#width) >= MAX_COLUMNS) {
      this.#width *= 2
      for (const [path, kept] of this.#kept) this.#kept.set(path, halved(kept))
    }
    return Math.floor(at / this.#width)
  }
}

function add({ first, peak, energy }: Kept, column: number, highest: number, sum: number): void {
  const at = column - first
  while (peak.length <= at) {
    peak.push(0)
    energy.push(0)
  }
  peak[at] = Math.max(peak[at] ?? 0, highest)
  energy[at] = (energy[at] ?? 0) + sum
}

/** Each two columns as one. */
function halved({ first, peak, energy }: Kept): Kept {
  const half: Kept = { first: Math.floor(first / 2), peak: [], energy: [] }
  peak.forEach((highest, i) => add(half, Math.floor((first + i) / 2), highest, energy[i] ?? 0))
  return half
}

/** The name under which a tag is drawn: the context, what players publish, and what is notable of an instance's. */
function seenName(path: string): string | undefined {
  if (path === `jam/${CONTEXT}`) return CONTEXT
  const parts = path.split('/')
  const [root = '', ...rest] = parts
  const name = rest.at(-1)
  if (name === undefined || name === CONTEXT || root === 'jam' || root === 'local' || root === 'net') return undefined
  if (rest.length === 1) return name
  return rest[2] !== NOTE && NOTABLE.has(name) ? name : undefined
}

/** What one tag was, the last of each stretch; stretches grow so that there are never too many. */
class Steps {
  #width: Frames = BLOCK
  #points = new Map<number, TagPoint>()

  set(point: TagPoint): void {
    this.#points.set(Math.floor(point.frame / this.#width), point)
    while (this.#points.size > MAX_STEPS) {
      this.#width *= 2
      const points = [...this.#points.values()]
      this.#points = new Map(points.map((kept) => [Math.floor(kept.frame / this.#width), kept]))
    }
  }

  get points(): readonly TagPoint[] {
    return [...this.#points.values()].sort((a, b) => a.frame - b.frame)
  }
}
