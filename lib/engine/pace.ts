import { BLOCK, SAMPLE_RATE, type Frames, type Millis } from '../base/index.ts'
import type { TakeRecord } from '../jam/index.ts'
import type { Pump, PumpStart } from '../sink/index.ts'
import { LOOK_AHEAD_FRAMES } from './constants.ts'

/** A clock that proves wrong by more makes a jump; by less, its error is made up for little by little (ENGINE-1 section 1). */
const JUMP_MILLIS: Millis = 50
/** The player's own nudge is to be heard at once: from what can be jumped. */
const NUDGE_MILLIS: Millis = (BLOCK * 1_000) / SAMPLE_RATE

interface Init {
  /** Monotonic time of jam frame 0, as known when the session is made. */
  readonly zero: Millis
  /** How much later than others the player wants to hear all, below 0 earlier. */
  readonly nudge: Millis
  readonly pump: Pick<Pump, 'due' | 'frame' | 'ahead' | 'lead' | 'wait' | 'steer'>
  readonly note: (record: TakeRecord) => void
  /** Rendering is to go on so many frames later, a multiple of 128. */
  readonly jump: (frames: Frames) => void
}

/**
 * When the frames of a session are due by the jam's time and the player's nudge. What is off by little is made up for by the pace of the
 * sinks. By more, and late: the jam frame jumps, and what lies between is not rendered. By more, and early: the sinks wait. Whichever it
 * is, the mix stays one sequence of frames.
 */
export class Pace {
  readonly #init: Init
  #zero: Millis
  #nudge: Millis
  #from: Frames = 0
  #jumped: Frames = 0

  constructor(init: Init) {
    this.#init = init
    this.#zero = init.zero
    this.#nudge = init.nudge
  }

  /** The first frame rendered, a multiple of 128, and when it is due: the one place where the clock meets the jam's. */
  begin(now: Millis): PumpStart {
    const zero = this.#own
    const at = Math.floor(((now - zero) * SAMPLE_RATE) / 1_000)
    const ahead = LOOK_AHEAD_FRAMES + this.#init.pump.lead
    const frame = (this.#from = Math.ceil(Math.max(0, at + ahead) / BLOCK) * BLOCK)
    return { frame, due: zero + (frame * 1_000) / SAMPLE_RATE }
  }

  /** The monotonic time of jam frame 0, known anew. */
  setZero(zero: Millis): void {
    this.#zero = zero
    this.#follow(JUMP_MILLIS)
  }

  /** Another nudge in place of the one before. */
  nudge(millis: Millis): void {
    if (millis === this.#nudge) return
    this.#nudge = millis
    const { note, pump } = this.#init
    note({ kind: 'nudge', frame: pump.frame, millis })
    this.#follow(NUDGE_MILLIS)
  }

  /** When jam frame 0 is due here. */
  get #own(): Millis {
    return this.#zero + this.#nudge
  }

  /** When the first frame was due; after a jump, when it would have been. */
  get #due(): Millis {
    return this.#own + ((this.#from + this.#jumped) * 1_000) / SAMPLE_RATE
  }

  /** @param least what is off by so much is put right at once */
  #follow(least: Millis): void {
    const { pump, note, jump } = this.#init
    this.#catchUp(least)
    const late = pump.due - this.#due
    if (late >= least) {
      const frames = Math.round((late * SAMPLE_RATE) / 1_000 / BLOCK) * BLOCK
      this.#jumped += frames
      jump(frames)
    } else if (late + least <= 0) {
      const { frame } = pump
      note({ kind: 'clock', frame, to: frame + Math.round((late * SAMPLE_RATE) / 1_000) })
      pump.wait(this.#due)
    }
    pump.steer(this.#due)
  }

  /** A session that waits for its time waits less. */
  #catchUp(least: Millis): void {
    const { pump } = this.#init
    const spare = pump.ahead - (LOOK_AHEAD_FRAMES * 1_000) / SAMPLE_RATE
    const late = pump.due - this.#due
    if (Math.min(spare, late) > least) pump.wait(pump.due - Math.min(spare, late))
  }
}
