import { BLOCK, type Frames } from '../base/index.ts'
import type { Param, Voice } from '../generators/index.ts'
import { clamp, Ramp } from './balance.ts'

/** A parameter on its way: what it is at each frame, and whether the voice has had its last value. */
interface Moving {
  readonly ramp: Ramp
  readonly least: number
  readonly most: number
  told: boolean
}

/** What a parameter begins with: as given, held within its range, else its default. */
export function firstValue(param: Param, given: Readonly<Record<string, number>>): number {
  const { name, min, max, default: usual } = param
  const wanted = Object.hasOwn(given, name) ? given[name] : undefined
  return wanted !== undefined && Number.isFinite(wanted) ? clamp(wanted, min, max) : usual
}

/**
 * The parameters of a running voice by name. A change at once is told at once; one that takes time is told at each
 * multiple of 128 from the value in force, and a later one cuts it. Values are held within the generator's own range.
 */
export class VoiceParams {
  readonly #voice: Voice
  readonly #moving = new Map<number, Moving>()
  readonly #index = new Map<string, number>()
  /** Whether any is on its way, or has not been told its last value. */
  #busy = false

  /** Tells the voice every parameter once: as given, else its default. */
  constructor(voice: Voice, params: readonly Param[], given: Readonly<Record<string, number>>) {
    this.#voice = voice
    params.forEach((param, index) => {
      const { name, min, max } = param
      const value = firstValue(param, given)
      this.#index.set(name, index)
      this.#moving.set(index, { ramp: new Ramp(value), least: min, most: max, told: true })
      voice.param(index, value)
    })
  }

  /** Changes a parameter at the current frame; unknown names and what is no number change nothing. */
  set(name: string, value: number, over: Frames): void {
    const index = this.#index.get(name)
    const moving = index === undefined ? undefined : this.#moving.get(index)
    if (index === undefined || !moving || !Number.isFinite(value)) return
    moving.ramp.to(clamp(value, moving.least, moving.most), over)
    moving.told = over <= 0
    this.#busy ||= !moving.told
    if (moving.told) this.#voice.param(index, moving.ramp.value)
  }

  /** Tells the voice every parameter as it is now, once more. */
  again(): void {
    for (const [index, { ramp }] of this.#moving) this.#voice.param(index, ramp.value)
  }

  /** Before a block that begins at a multiple of 128: tells what is on its way. */
  tell(): void {
    if (!this.#busy) return
    this.#busy = false
    for (const [index, moving] of this.#moving) {
      if (moving.told) continue
      this.#voice.param(index, moving.ramp.value)
      moving.told = !moving.ramp.moving
      this.#busy ||= !moving.told
    }
  }

  /** After a block. */
  advance(frames: Frames): void {
    if (!this.#busy) return
    for (const moving of this.#moving.values()) moving.ramp.advance(frames)
  }
}

/** Whether a frame is one at which ramps are told. */
export const isMultiple = (frame: Frames): boolean => frame % BLOCK === 0
