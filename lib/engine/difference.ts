import { BLOCK, type Frames } from '../base/index.ts'
import type { Grid } from '../jam/index.ts'
import type { Stem } from '../mix/index.ts'

/** Where two renders of one jam differ in one thing that is heard: an instance, a return, or the mix. */
export interface Difference {
  /** An instance's path, `room`, `echo` or `mix`. */
  readonly path: string
  /** Bars (counted from 0) in which it sounds in either, and those in which it is not the same. */
  readonly sounding: ReadonlySet<number>
  readonly differing: ReadonlySet<number>
  /** Jam frame of the first sample that is not the same. */
  readonly first: Frames | undefined
  /** Of an instance, as its generator says. */
  readonly track: string | undefined
}

export type Side = 'a' | 'b'
const SIDES: readonly Side[] = ['a', 'b']
const other = (side: Side): Side => (side === 'a' ? 'b' : 'a')

interface Sound {
  readonly left: Float64Array
  readonly right: Float64Array
}
/** What is heard from a frame on. */
interface Piece {
  readonly at: Frames
  readonly frames: Frames
  readonly sounds: ReadonlyMap<string, Sound>
}
/**
 * Holds two renders against each other while both are made, sample by sample, each instance as it is heard: after its
 * player's own fader. Keeps no more than what one is ahead of the other.
 */
export class Differences {
  readonly #grid: Pick<Grid, 'barOfFrame' | 'frameOfBar'>
  readonly #pieces: Record<Side, Piece[]> = { a: [], b: [] }
  readonly #found = new Map<string, { sounding: Set<number>; differing: Set<number>; first?: Frames; track?: string }>()
  /** How far each has come. */
  readonly #at: Record<Side, Frames> = { a: -Infinity, b: -Infinity }
  /** Frames that were held against each other. */
  #from = Infinity
  #to = -Infinity

  constructor(grid: Pick<Grid, 'barOfFrame' | 'frameOfBar'>) {
    this.#grid = grid
  }

  /** The stems of 128 frames. */
  stems(side: Side, stems: readonly Stem[], at: Frames): void {
    const sounds = new Map<string, Sound>()
    for (const { path, left, right, gainLeft, gainRight, track } of stems) {
      sounds.set(path, {
        left: Float64Array.from(left, (x) => x * gainLeft),
        right: Float64Array.from(right, (x) => x * gainRight),
      })
      if (track !== undefined) this.#of(path).track = track
    }
    this.#take(side, { at, frames: BLOCK, sounds })
  }

  /** The mix, interleaved stereo. */
  mix(side: Side, samples: Float32Array, at: Frames): void {
    const frames = samples.length / 2
    const left = Float64Array.from({ length: frames }, (_, i) => samples[2 * i] ?? 0)
    const right = Float64Array.from({ length: frames }, (_, i) => samples[2 * i + 1] ?? 0)
    this.#take(side, { at, frames, sounds: new Map([[MIX, { left, right }]]) })
    this.#at[side] = at + frames
    this.#prune()
  }

  /** Nothing more comes of a side. */
  end(side: Side): void {
    this.#at[side] = Infinity
    this.#prune()
  }

  /** Forgets what the other side has passed. */
  #prune(): void {
    for (const side of SIDES) {
      const passed = this.#at[other(side)]
      this.#pieces[side] = this.#pieces[side].filter(({ at, frames }) => at + frames > passed)
    }
  }

  /** The frames that both have. */
  get range(): { readonly from: Frames; readonly to: Frames } {
    return this.#to > this.#from ? { from: this.#from, to: this.#to } : { from: 0, to: 0 }
  }

  /** Instances and returns by path, the mix last. */
  found(): readonly Difference[] {
    const all = [...this.#found].sort(([a], [b]) => (b === MIX || (a !== MIX && a < b) ? -1 : 1))
    return all.map(([path, { sounding, differing, first, track }]) => ({ path, sounding, differing, first, track }))
  }

  #of(path: string): { sounding: Set<number>; differing: Set<number>; first?: Frames; track?: string } {
    let found = this.#found.get(path)
    if (!found) this.#found.set(path, (found = { sounding: new Set(), differing: new Set() }))
    return found
  }

  #take(side: Side, piece: Piece): void {
    this.#pieces[side].push(piece)
    const isMix = piece.sounds.has(MIX)
    for (const there of this.#pieces[other(side)]) {
      if (there.sounds.has(MIX) !== isMix) continue
      const from = Math.max(piece.at, there.at)
      const to = Math.min(piece.at + piece.frames, there.at + there.frames)
      if (from >= to) continue
      if (isMix) {
        this.#from = Math.min(this.#from, from)
        this.#to = Math.max(this.#to, to)
      }
      for (const path of new Set([...piece.sounds.keys(), ...there.sounds.keys()]))
        this.#compare(path, piece, there, { from, to })
    }
  }

  #compare(path: string, one: Piece, two: Piece, { from, to }: { from: Frames; to: Frames }): void {
    const found = this.#of(path)
    for (let at = from; at < to;) {
      const bar = this.#grid.barOfFrame(at)
      const end = Math.min(to, this.#grid.frameOfBar(bar + 1))
      found.sounding.add(bar)
      const frame = firstDifference(path, one, two, { from: at, to: end })
      if (frame !== undefined) {
        found.differing.add(bar)
        found.first = Math.min(found.first ?? Infinity, frame)
      }
      at = end
    }
  }
}

const MIX = 'mix'

function firstDifference(
  path: string,
  one: Piece,
  two: Piece,
  { from, to }: { from: Frames; to: Frames },
): Frames | undefined {
  const [a, b] = [one.sounds.get(path), two.sounds.get(path)]
  for (let frame = from; frame < to; frame++) {
    const [i, j] = [frame - one.at, frame - two.at]
    if ((a?.left[i] ?? 0) !== (b?.left[j] ?? 0) || (a?.right[i] ?? 0) !== (b?.right[j] ?? 0)) return frame
  }
  return undefined
}
