import { BLOCK, type Frames } from '../base/index.ts'
import type { Param, Status, Voice, VoiceFailure } from '../generators/index.ts'
import type { InstanceSpec } from '../jam/types.ts'
import { Chain } from './chain.ts'
import { FADE_FRAMES, QUIET_FRAMES, TAIL_FRAMES } from './constants.ts'
import { isMultiple, VoiceParams } from './params.ts'
import type { Slot } from './slots.ts'
import type { PlacedPosition } from './types.ts'

/** What makes a failure of whatever a runtime threw. */
export function failureOf(thrown: unknown): VoiceFailure {
  if (isFailure(thrown)) return { code: thrown.code, message: thrown.message }
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  if (thrown instanceof WebAssembly.RuntimeError) return { code: 'GENERATOR_TRAPPED', message }
  return { code: thrown instanceof RangeError ? 'GENERATOR_NO_MEMORY' : 'GENERATOR_FAILED', message }
}

const FAULT: VoiceFailure = { code: 'GENERATOR_FAILED', message: 'it reported an error from a block' }
const FAILURES: readonly string[] = [
  'GENERATOR_TRAPPED',
  'GENERATOR_RAN_AWAY',
  'GENERATOR_FAILED',
  'GENERATOR_TOO_SLOW',
  'GENERATOR_NO_MEMORY',
  'GENERATOR_NOT_ALLOWED',
]

function isFailure(thrown: unknown): thrown is VoiceFailure {
  if (typeof thrown !== 'object' || thrown === null) return false
  return 'code' in thrown && 'message' in thrown && FAILURES.includes(String(thrown.code))
}

export interface InstanceInit {
  readonly spec: InstanceSpec
  /** Its first frame on this node. */
  readonly start: Frames
  readonly voice: Voice
  /** Its parameters without gain and pan, in the order of their indices. */
  readonly params: readonly Param[]
}

/**
 * One instance on its way from start to silence: its voice, its chain, its parameters. Frames are the jam's; the voice
 * is told its own count from `start`.
 */
export class Instance {
  readonly spec: InstanceSpec
  readonly start: Frames
  readonly chain: Chain
  readonly #running: Voice
  readonly #params: VoiceParams
  #voice: 'runs' | 'closed' = 'runs'
  /** Where the stop was, once there was one. */
  #stopped: Frames | undefined
  failure: VoiceFailure | undefined
  #killed: VoiceFailure | undefined

  /** @throws whatever the voice throws at its parameters */
  constructor({ spec, start, voice, params }: InstanceInit) {
    this.spec = spec
    this.start = start
    this.chain = new Chain(spec.params['gain'] ?? 0, spec.params['pan'] ?? 0)
    this.#running = voice
    this.#params = new VoiceParams(voice, params, spec.params)
  }

  get over(): boolean {
    return this.chain.state === 'over'
  }

  param(name: string, value: number, over: Frames): void {
    if (name === 'gain') this.chain.balance.setGain(value, over)
    else if (name === 'pan') this.chain.balance.setPan(value, over)
    else this.#attempt(() => this.#params.set(name, value, over))
  }

  /** Asks for the tail, or fades where there is none. Once: a later stop changes nothing. */
  stop(frame: Frames): void {
    if (this.#stopped !== undefined || this.#voice === 'closed') return
    this.#stopped = frame
    this.#attempt(() => {
      if (!this.#running.stop()) this.chain.release()
    })
  }

  /**
   * Lets another version go on from its state, and is faded; where there is none, or the other does not take it, this is a stop like any.
   * Where the other fails over it, this one plays on.
   * @returns whether it was taken; undefined where there is none, or nobody to take it any more
   */
  handTo(heir: Instance, frame: Frames): boolean | undefined {
    const state = this.#voice === 'runs' ? this.#attempt(() => this.#running.save?.()) : undefined
    const taken = state && heir.#takeOver(state)
    if (taken === false && heir.#running.failure) return undefined
    if (!taken) this.stop(frame)
    else {
      this.#stopped ??= frame
      this.chain.release()
    }
    return taken
  }

  #takeOver(state: Uint8Array): boolean {
    const taken = this.#attempt(() => this.#running.load?.(state)) ?? false
    // What it took may be of other settings.
    if (taken) this.#attempt(() => this.#params.again())
    return taken
  }

  /** The generator gives no more; its last sample is faded. */
  detach(failure?: VoiceFailure): void {
    if (this.#voice === 'closed') return
    this.failure = failure
    this.chain.hold()
    this.close()
  }

  /** Makes its next block its last, as a guard that finds a block too slow does. */
  kill(failure: VoiceFailure): void {
    if (this.#voice === 'runs') this.#killed = failure
  }

  /** Renders `frames` from jam frame `frame` on into the slot at `at`. */
  render(position: PlacedPosition, frames: Frames, slot: Slot, at: Frames): void {
    if (isMultiple(position.frame)) this.#attempt(() => this.#params.tell())
    const status = this.#process(position, frames)
    if (status === 'error') {
      slot.rawLeft.fill(0, at, at + frames)
      slot.rawRight.fill(0, at, at + frames)
      this.chain.runHeld(slot.left, slot.right, at, frames)
      return
    }
    const { left, right } = this.#running
    slot.rawLeft.set(frames === left.length ? left : left.subarray(0, frames), at)
    slot.rawRight.set(frames === right.length ? right : right.subarray(0, frames), at)
    this.chain.run(left, right, slot.left, slot.right, at, frames)
    this.#params.advance(frames)
    this.#conclude(status, position.frame + frames)
  }

  close(): void {
    if (this.#voice === 'closed') return
    this.#voice = 'closed'
    this.#running.close()
  }

  #process(position: PlacedPosition, frames: Frames): Status {
    if (this.#voice === 'closed') return 'error'
    const status = this.#attempt(() => {
      const { beat, beatsPerFrame, bar, frame } = position
      const own = frame - this.start
      return this.#running.process({ frames, frame: own, beat, beatsPerFrame, bar, startBeat: this.spec.startBeat })
    })
    if (status === undefined || status === 'error') this.detach(this.#running.failure ?? FAULT)
    else if (this.#killed) this.failure = this.#killed
    return status ?? 'error'
  }

  #conclude(status: Status, next: Frames): void {
    if (status === 'done' || this.failure) this.detach(this.failure)
    if (this.#stopped === undefined || this.chain.state !== 'playing') return
    const faded = status === 'tail' && this.chain.quiet >= QUIET_FRAMES
    if (faded || next - this.#stopped >= TAIL_FRAMES - FADE_FRAMES - BLOCK) this.chain.release()
  }

  /** What a runtime throws ends the instance alone. */
  #attempt<T>(action: () => T): T | undefined {
    try {
      return action()
    } catch (thrown) {
      this.detach(failureOf(thrown))
      return undefined
    }
  }
}
