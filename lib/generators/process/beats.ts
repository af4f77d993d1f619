import { SAMPLE_RATE, type Beats } from '../../base/index.ts'
import type { BlockPosition } from '../types.ts'
import { BEATS_AHEAD, LEAST_BEATS } from './limits.ts'
import type { Told } from './lines.ts'

const MINUTE_FRAMES = 60 * SAMPLE_RATE

/** Where a block lies, as far as beats are concerned. */
export type BeatPosition = Pick<BlockPosition, 'frame' | 'beat' | 'beatsPerFrame'>

/** Beats in a minute where a block lies. */
export const tempoOf = ({ beatsPerFrame }: BeatPosition): number => Number((beatsPerFrame * MINUTE_FRAMES).toFixed(9))

/** The tempo, and the beats ahead of where they begin: each once, and again where the tempo changes. */
export class BeatLines {
  #tempo: number | undefined
  #nextBeat: Beats = 0

  /** Counts what is due at a block as told. */
  skip(block: BeatPosition): void {
    Array.from(this.due(block))
  }

  /** What is due at a block; each counts as told once the next one is asked for. */
  *due(block: BeatPosition): Generator<Told, void> {
    const tempo = tempoOf(block)
    if (tempo !== this.#tempo) {
      yield { kind: 'tempo', bpm: tempo }
      this.#tempo = tempo
      this.#nextBeat = Math.ceil(block.beat - 1e-9)
    }
    const { beat, beatsPerFrame, frame } = block
    const last = Math.max(beat + BEATS_AHEAD * beatsPerFrame, Math.ceil(beat) + LEAST_BEATS)
    for (; this.#nextBeat <= last; this.#nextBeat++) {
      const at = frame + Math.max(0, Math.ceil((this.#nextBeat - beat) / beatsPerFrame - 1e-6))
      yield { kind: 'beat', beat: this.#nextBeat, frame: at }
    }
  }
}
