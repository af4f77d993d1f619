import type { Frames } from '../base/index.ts'

/** Planar stereo float32 from frame 0 on, kept to compare with. */
export class Recording {
  readonly #pieces: { readonly at: Frames; readonly left: Float32Array; readonly right: Float32Array }[] = []
  #frames: Frames = 0

  push(left: Float32Array, right: Float32Array): void {
    this.#pieces.push({ at: this.#frames, left: left.slice(), right: right.slice() })
    this.#frames += left.length
  }

  get frames(): Frames {
    return this.#frames
  }

  /** Copies of what lies in [from, to), as far as it goes. */
  part(from: Frames, to: Frames): [left: Float32Array, right: Float32Array] {
    const first = Math.max(0, from)
    const length = Math.max(0, Math.min(to, this.#frames) - first)
    const sides = [new Float32Array(length), new Float32Array(length)] as const
    for (const { at, left, right } of this.#pieces) {
      const [begin, end] = [Math.max(at, first), Math.min(at + left.length, first + length)]
      if (begin >= end) continue
      sides[0].set(left.subarray(begin - at, end - at), begin - first)
      sides[1].set(right.subarray(begin - at, end - at), begin - first)
    }
    return [...sides]
  }
}

/** The first frame at which the bits of two planar stereo pieces differ; where one goes on past the other, there. */
export function firstDifference(
  [left, right]: readonly [Float32Array, Float32Array],
  [otherLeft, otherRight]: readonly [Float32Array, Float32Array],
): Frames | undefined {
  const sides = [left, otherLeft, right, otherRight].map(bitsOf)
  const [a, b, c, d] = sides as [Uint32Array, Uint32Array, Uint32Array, Uint32Array]
  const both = Math.min(a.length, b.length)
  for (let i = 0; i < both; i++) if (a[i] !== b[i] || c[i] !== d[i]) return i
  return a.length === b.length ? undefined : both
}

const bitsOf = (side: Float32Array): Uint32Array => new Uint32Array(side.buffer, side.byteOffset, side.length)
