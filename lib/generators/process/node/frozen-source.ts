import { BLOCK, type Frames } from '../../../base/index.ts'
import type { VoiceFailure } from '../../types.ts'
import type { FromServing, Saying } from '../types.ts'
import { readKept, type KeptPcm } from './freeze.ts'
import type { Source } from './source.ts'

/** What the mix heard a process say, and from which jam frame on it held. */
export interface KeptSaying {
  readonly path: string
  readonly frame: Frames
  readonly said: Saying
}

/** What a take kept of its processes: stretches of sound, what they said, and why instances failed. */
export interface Frozen {
  readonly folder: string
  readonly kept: readonly KeptPcm[]
  readonly said: readonly KeptSaying[]
  readonly failed: readonly (VoiceFailure & { readonly path: string; readonly frame: Frames })[]
}

interface FrozenInit {
  readonly frozen: Frozen
  readonly path: string
  /** Jam frame of the first sample that is asked for. */
  readonly first: Frames
  readonly onChange: () => void
  /** Takes what was said; false where there is no room now. */
  readonly onSaid: (said: FromServing) => boolean
}

/** The sound of one instance as it was heard once, with what it said where that took effect. */
export class FrozenSource implements Source {
  ended = false
  failure: VoiceFailure | undefined
  readonly #frozen: Frozen
  readonly #path: string
  readonly #onChange: () => void
  readonly #onSaid: (said: FromServing) => boolean
  readonly #said: KeptSaying[]
  readonly #stretches: KeptPcm[]
  /** The jam frame that comes next. */
  #next: Frames
  #samples: Float32Array = new Float32Array(0)
  #reading = false

  constructor({ frozen, path, first, onChange, onSaid }: FrozenInit) {
    this.#frozen = frozen
    this.#path = path
    this.#next = first
    this.#onChange = onChange
    this.#onSaid = onSaid
    this.#said = frozen.said.filter((kept) => kept.path === path && kept.frame >= first)
    this.#stretches = frozen.kept
      .filter((kept) => kept.path === path && kept.frame >= first)
      .sort((a, b) => a.frame - b.frame)
  }

  pull(frames: Frames): Float32Array | undefined {
    if (this.#samples.length === 0) {
      this.#read()
      return undefined
    }
    // Before the sound of a frame is there, everything that held from it on is.
    if (!this.#say(this.#next - this.#samples.length / 2 + frames)) return undefined
    const taken = this.#samples.subarray(0, 2 * frames)
    this.#samples = this.#samples.subarray(2 * frames)
    return taken
  }

  /** What held up to a frame; false where there is no room for it now. */
  #say(to: Frames): boolean {
    for (let kept = this.#said[0]; kept && kept.frame <= to; kept = this.#said[0]) {
      if (!this.#onSaid({ ...kept.said, from: kept.frame })) return false
      this.#said.shift()
    }
    return true
  }

  tell(): boolean {
    return true
  }

  async close(): Promise<void> {
    this.#stretches.length = 0
  }

  #read(): void {
    if (this.#reading || this.ended) return
    const [stretch] = this.#stretches
    // What does not follow at once is of a later instance of the same name.
    if (stretch?.frame !== this.#next) {
      if (!this.#say(this.#next)) return
      this.#end(
        this.#frozen.failed.find(({ path, frame }) => path === this.#path && Math.abs(frame - this.#next) <= BLOCK),
      )
      return
    }
    this.#reading = true
    this.#stretches.shift()
    readKept(this.#frozen.folder, stretch)
      .then((samples) => {
        this.#samples = samples
        this.#next += stretch.frames
      })
      .catch((error: unknown) => {
        this.#end({ code: 'GENERATOR_FAILED', message: error instanceof Error ? error.message : String(error) })
      })
      .finally(() => {
        this.#reading = false
        this.#onChange()
      })
  }

  #end(failure: VoiceFailure | undefined): void {
    this.ended = true
    this.failure = failure && { code: failure.code, message: failure.message }
  }
}
