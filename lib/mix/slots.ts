import { BLOCK } from '../base/index.ts'
import { MAX_SLOTS } from './constants.ts'

const PLANES = 4
const SLOT_FLOATS = PLANES * BLOCK

/** Views of one instance's 128 frames: the stem (after the chain) and what the generator wrote. */
export interface Slot {
  readonly left: Float32Array
  readonly right: Float32Array
  readonly rawLeft: Float32Array
  readonly rawRight: Float32Array
}

/**
 * Where a group's instances leave their sound, 128 frames each; in shared memory where the group runs on another thread.
 * Shape: 272 flags of one int32 (0 silent, 1 sounding in this quantum), 272 loads of one
 * float32 (see `load`), then 272 times stem left, right, raw left, right.
 */
export class Slots {
  readonly memory: ArrayBuffer | SharedArrayBuffer
  readonly #flags: Int32Array
  readonly #loads: Float32Array
  readonly #slots: readonly Slot[]

  constructor(memory: ArrayBuffer | SharedArrayBuffer = new ArrayBuffer(Slots.bytes)) {
    this.memory = memory
    this.#flags = new Int32Array(memory, 0, MAX_SLOTS)
    this.#loads = new Float32Array(memory, MAX_SLOTS * 4, MAX_SLOTS)
    const audio = new Float32Array(memory, MAX_SLOTS * 8)
    const plane = (slot: number, at: number): Float32Array => {
      const start = slot * SLOT_FLOATS + at * BLOCK
      return audio.subarray(start, start + BLOCK)
    }
    this.#slots = Array.from({ length: MAX_SLOTS }, (_, i) => ({
      left: plane(i, 0),
      right: plane(i, 1),
      rawLeft: plane(i, 2),
      rawRight: plane(i, 3),
    }))
  }

  static readonly bytes = MAX_SLOTS * 4 * (2 + SLOT_FLOATS)

  /** The views of a slot, 0 to 271. */
  at(slot: number): Slot {
    const views = this.#slots[slot]
    if (!views) throw new RangeError(`there is no slot ${slot}`)
    return views
  }

  /** Whether what lies in the slot belongs to the quantum rendered last. */
  sounding(slot: number): boolean {
    return this.#flags[slot] === 1
  }

  mark(slot: number, sounding: 0 | 1): void {
    this.#flags[slot] = sounding
  }

  /** What its instance takes of late: milliseconds of processor time for a second of sound; 0 where nobody measures. */
  load(slot: number): number {
    return this.#loads[slot] ?? 0
  }

  setLoad(slot: number, load: number): void {
    this.#loads[slot] = load
  }

  clear(slot: number): void {
    this.#loads[slot] = 0
    const { left, right, rawLeft, rawRight } = this.at(slot)
    for (const plane of [left, right, rawLeft, rawRight]) plane.fill(0)
  }
}
