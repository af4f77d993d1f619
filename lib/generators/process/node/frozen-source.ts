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

/** Where the jam frame jumped ahead in the session: what lies between was never played. */
export interface Jump {
  readonly frame: Frames
  readonly to: Frames
}

/** What a take kept of its processes: stretches of sound, what they said, and why instances failed. */
export interface Frozen {
  readonly folder: string
  readonly kept: readonly KeptPcm[]
  readonly jumps: readonly Jump[]
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
  readonly #first: Frames
  readonly #said: { readonly place: Frames; readonly kept: KeptSaying }[]
  readonly #stretches: KeptPcm[]
  /** Where the sound that comes next lies, as it was kept: counted on from the first frame, whatever the jam frame did. */
  #next: Frames
  #samples: Float32Array = new Float32Array(0)
  #reading = false

  constructor({ frozen, path, first, onChange, onSaid }: FrozenInit) {
    this.#frozen = frozen
    this.#path = path
    this.#first = first
    this.#next = first
    this.#onChange = onChange
    this.#onSaid = onSaid
    this.#said = frozen.said
      .filter((kept) => kept.path === path && kept.frame >= first)
      .map((kept) => ({ place: this.#placeOf(kept.frame), kept }))
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
    const at = this.#next - this.#samples.length / 2
    const said = this.#say(at + frames) - at
    if (said <= 0) return undefined
    const taken = this.#samples.subarray(0, 2 * said)
    this.#samples = this.#samples.subarray(2 * said)
    return taken
  }

  /** Where the sound lies, as it was kept, that was played at a jam frame. */
  #placeOf(frame: Frames): Frames {
    const over = this.#frozen.jumps.filter((jump) => this.#first < jump.to && jump.to <= frame)
    return over.reduce((place, jump) => place - (jump.to - jump.frame), frame)
  }

  /** Says what held up to a place in the sound. @returns up to where all is said: less where there is no room for it now */
  #say(to: Frames): Frames {
    for (let next = this.#said[0]; next && next.place <= to; next = this.#said[0]) {
      const { said, frame } = next.kept
      if (!this.#onSaid({ ...said, from: frame })) return next.place - 1
      this.#said.shift()
    }
    return to
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
      if (this.#say(this.#next) < this.#next) return
      this.#end(
        this.#frozen.failed.find(
          ({ path, frame }) => path === this.#path && Math.abs(this.#placeOf(frame) - this.#next) <= BLOCK,
        ),
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
