import { BLOCK, SAMPLE_RATE, type Frames, type PlayerRef } from '../base/index.ts'
import { compareScore, type InstancePath } from '../jam/index.ts'
import { FADE_FRAMES, MAX_SLOTS } from './constants.ts'
import { fadeOut } from './fade.ts'
import { Meter } from './meter.ts'
import type { Strip } from './mixer.ts'
import type { GroupRunner } from './runner.ts'
import type { Slot } from './slots.ts'

/** From here on what an instance takes shows in what its runner takes. */
const SETTLED: Frames = SAMPLE_RATE / 2

/** An instance that sounds, as the renderer sees it: which runner has it, in which slot. */
export class Performer {
  readonly strip: Strip
  readonly runner: GroupRunner
  readonly slot: number
  /** When it entered. */
  readonly since: Frames
  readonly meter = new Meter()
  readonly #own: Slot = silentSlot()
  #lastLeft = 0
  #lastRight = 0
  #faded = 0
  #lost: string | undefined

  constructor({ strip, runner, slot, since }: Pick<Performer, 'strip' | 'runner' | 'slot' | 'since'>) {
    this.strip = strip
    this.runner = runner
    this.slot = slot
    this.since = since
  }

  /** Why nothing more comes of it: its thread has died, or had in the session that is replayed. */
  get failure(): string | undefined {
    return this.runner.failure ?? this.#lost
  }

  /** Does again, from the quantum at hand on, what the death of its thread did. */
  lose(why: string): void {
    this.#lost = why
  }

  /** See `Slots`. */
  get load(): number {
    return this.runner.slots.load(this.slot)
  }

  /** Its sound of the quantum rendered last; where its thread has died, the fade of its last sample. */
  stem(): Slot | undefined {
    if (this.failure !== undefined) return this.#own
    return this.runner.slots.sounding(this.slot) ? this.runner.slots.at(this.slot) : undefined
  }

  /** Once a quantum, after its runner finished: makes the fade where that is gone, else remembers the last sample. */
  settle(): void {
    if (this.failure === undefined) {
      const { left, right } = this.runner.slots.at(this.slot)
      this.#lastLeft = left[BLOCK - 1] ?? 0
      this.#lastRight = right[BLOCK - 1] ?? 0
      return
    }
    for (let i = 0; i < BLOCK; i++) {
      const factor = fadeOut(this.#faded++)
      this.#own.left[i] = this.#lastLeft * factor
      this.#own.right[i] = this.#lastRight * factor
    }
  }

  /** Whether this is the first quantum of that fade. */
  get fresh(): boolean {
    return this.#faded === BLOCK
  }

  /** Whether the fade that follows its thread's death is over. */
  get gone(): boolean {
    return this.#faded >= FADE_FRAMES
  }
}

const silentSlot = (): Slot => ({
  left: new Float32Array(BLOCK),
  right: new Float32Array(BLOCK),
  rawLeft: new Float32Array(BLOCK),
  rawRight: new Float32Array(BLOCK),
})

/** Who sounds, in processing order, and where there is room for more. */
export class Stage {
  readonly #runners: readonly GroupRunner[]
  readonly #performers: Performer[] = []
  readonly #free = new Map<GroupRunner, number[]>()

  constructor(runners: readonly GroupRunner[]) {
    this.#runners = runners
    for (const runner of runners) {
      const slots = Array.from({ length: MAX_SLOTS }, (_, i) => MAX_SLOTS - 1 - i)
      this.#free.set(runner, slots)
    }
  }

  get performers(): readonly Performer[] {
    return this.#performers
  }

  find(path: InstancePath): Performer | undefined {
    return this.#performers.find((p) => p.strip.spec.path === path)
  }

  /** How many sound that entries asked for, or that none did, those in their tails included; of one player where it is named. */
  count(which: 'asked' | 'sketches', player?: PlayerRef): number {
    return this.#performers.filter(
      ({ strip: { spec } }) =>
        (spec.isSketch ?? false) === (which === 'sketches') && (player === undefined || spec.player === player),
    ).length
  }

  /**
   * Puts one more on the runner that has the least to do, or on that of an instance that it is to be beside, if it sounds; undefined
   * where there is no room.
   * @param since the quantum at hand
   */
  enter(strip: Strip, since: Frames, beside?: InstancePath): Performer | undefined {
    const alive = this.#runners.filter((r) => r.failure === undefined && (this.#free.get(r)?.length ?? 0) > 0)
    const [first, ...others] = alive
    if (!first) return undefined
    const load = this.#expecting(since)
    const neighbour = beside === undefined ? undefined : this.find(beside)?.runner
    const least = others.reduce((best, other) => (load(other) < load(best) ? other : best), first)
    const runner = neighbour && alive.includes(neighbour) ? neighbour : least
    const performer = new Performer({ strip, runner, slot: this.#free.get(runner)?.pop() ?? 0, since })
    const { order } = strip.spec
    const at = this.#performers.findIndex((p) => compareScore(p.strip.spec.order, order) > 0)
    this.#performers.splice(at < 0 ? this.#performers.length : at, 0, performer)
    return performer
  }

  /** What a runner is expected to take: as measured, and for each that has just entered as much as others on average. */
  #expecting(now: Frames): (runner: GroupRunner) => number {
    const measured = this.#runners.reduce((sum, { load }) => sum + load, 0)
    const isSettled = ({ since }: Performer): boolean => measured > 0 && now - since >= SETTLED
    const settled = this.#performers.filter(isSettled).length
    const each = settled > 0 ? measured / settled : 1
    const entering = (runner: GroupRunner): number =>
      this.#performers.filter((p) => p.runner === runner && !isSettled(p)).length
    return (runner) => (settled > 0 ? runner.load : 0) + each * entering(runner)
  }

  leave(performer: Performer): void {
    const at = this.#performers.indexOf(performer)
    if (at < 0) return
    this.#performers.splice(at, 1)
    this.#free.get(performer.runner)?.push(performer.slot)
  }
}
