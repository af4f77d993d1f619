import { BLOCK, gainOfDecibels, MarmaladeError } from '../base/index.ts'
import type { Manifest } from '../generators/index.ts'
import { BUS_NAMES, isBus, type BusName, type InstanceSpec } from '../jam/index.ts'
import { clamp } from './balance.ts'
import { FADE_FRAMES, GAIN_LEAST, GAIN_MOST } from './constants.ts'
import { Send } from './send.ts'
import type { Slot } from './slots.ts'
import type { MixSetting, MixTarget } from './types.ts'

/** Settings that one mix remembers; the ones for targets never seen count too. */
const MAX_SETTINGS = 1_024

/** A setting with every field. */
export type MixState = Required<MixSetting>
const PLAIN: MixState = { gain: 0, pan: 0, mute: false, solo: false }

const keyOf = (target: MixTarget): string => {
  if (target.kind === 'instance') return `instance ${target.path}`
  if (target.kind === 'return') return `return ${target.bus}`
  return target.kind === 'track' ? `track ${target.track}` : `player ${target.player}`
}

/** A factor for each side that goes to its target in 240 frames. */
export class Fader {
  left = 1
  right = 1
  #toLeft = 1
  #toRight = 1
  #leftFrames = 0

  aim(left: number, right: number): void {
    if (left === this.#toLeft && right === this.#toRight) return
    this.#toLeft = left
    this.#toRight = right
    this.#leftFrames = FADE_FRAMES
  }

  /** At once: for what has not sounded yet. */
  jump(left: number, right: number): void {
    this.left = this.#toLeft = left
    this.right = this.#toRight = right
    this.#leftFrames = 0
  }

  /** Arrives at once: where nothing is to be heard on the way. */
  settle(): void {
    this.jump(this.#toLeft, this.#toRight)
  }

  get moving(): boolean {
    return this.#leftFrames > 0
  }

  step(): void {
    if (this.#leftFrames === 0) return
    this.left += (this.#toLeft - this.left) / this.#leftFrames
    this.right += (this.#toRight - this.right) / this.#leftFrames
    if (--this.#leftFrames > 0) return
    this.left = this.#toLeft
    this.right = this.#toRight
  }
}

/** What the mix has of one instance. */
export interface Strip {
  readonly spec: InstanceSpec
  readonly track: string | undefined
  readonly fader: Fader
  /** Its sends; none to a bus by whose name its generator has a parameter of its own. */
  readonly sends: ReadonlyMap<BusName, Send>
}

function sendsOf({ params }: InstanceSpec, own: Manifest['params']): ReadonlyMap<BusName, Send> {
  const names = BUS_NAMES.filter((name) => !own.some((param) => param.name === name))
  return new Map(names.map((name) => [name, new Send(params[name] ?? 0)]))
}

/**
 * The player's own mix: gain, pan, mute and solo for instances, tracks and players; gain, pan and mute for returns. It belongs to the take alone and
 * never touches a stem. Gains of an instance, its track and its player add up in decibels, pans add up within -1 to 1;
 * mute anywhere mutes; where anything is soloed, only what a solo names is heard. Changes take 240 frames.
 */
export class PlayerMix {
  readonly #settings = new Map<string, { target: MixTarget; state: MixState }>()

  /** @returns the setting as it now stands; undefined where 1,024 are remembered and this would be one more */
  set(target: MixTarget, setting: MixSetting): MixState | undefined {
    const key = keyOf(target)
    const before = this.#settings.get(key)?.state
    if (!before && this.#settings.size >= MAX_SETTINGS) return undefined
    const state = { ...PLAIN, ...before, ...setting, ...(target.kind === 'return' && { solo: false }) }
    const held = { ...state, gain: clamp(state.gain, GAIN_LEAST, GAIN_MOST), pan: clamp(state.pan, -1, 1) }
    if (Number.isNaN(held.gain) || Number.isNaN(held.pan)) return before ?? PLAIN
    this.#settings.set(key, { target, state: held })
    return held
  }

  /** Everything that was set, to show and to save. */
  settings(): readonly { readonly target: MixTarget; readonly state: MixState }[] {
    return [...this.#settings.values()]
  }

  /** A strip for an instance that starts, at its setting from the first frame. */
  strip(spec: InstanceSpec, { track, params }: Pick<Manifest, 'track' | 'params'>): Strip {
    const strip = { spec, track, fader: new Fader(), sends: sendsOf(spec, params) }
    strip.fader.jump(...this.#factors(strip))
    return strip
  }

  /** Aims a strip at what is set now. */
  aim(strip: Strip): void {
    strip.fader.aim(...this.#factors(strip))
  }

  /** Aims the return of a bus at what is set now. */
  aimReturn(bus: BusName, fader: Fader): void {
    const { gain, pan, mute } = this.#settings.get(keyOf({ kind: 'return', bus }))?.state ?? PLAIN
    fader.aim(...(mute ? SILENT : factorsOf(gain, pan)))
  }

  #factors({ spec, track }: Strip): Factors {
    const targets: MixTarget[] = [
      { kind: 'instance', path: spec.path },
      { kind: 'player', player: spec.player },
    ]
    if (track !== undefined) targets.push({ kind: 'track', track })
    const states = targets.map((target) => this.#settings.get(keyOf(target))?.state ?? PLAIN)
    const anySolo = [...this.#settings.values()].some(({ state }) => state.solo)
    if (states.some((s) => s.mute) || (anySolo && !states.some((s) => s.solo))) return SILENT
    const pan = clamp(
      states.reduce((sum, s) => sum + s.pan, 0),
      -1,
      1,
    )
    return factorsOf(
      states.reduce((sum, s) => sum + s.gain, 0),
      pan,
    )
  }
}

type Factors = [left: number, right: number]
const SILENT: Factors = [0, 0]

function factorsOf(decibels: number, pan: number): Factors {
  const gain = gainOfDecibels(decibels)
  return [pan > 0 ? gain * (1 - pan) : gain, pan < 0 ? gain * (1 + pan) : gain]
}

/** The return that text names, as `return:room`; undefined where it names none. @throws MarmaladeError USAGE for a bus that is none */
export function returnNamed(text: string): Extract<MixTarget, { kind: 'return' }> | undefined {
  if (!text.startsWith('return:')) return undefined
  const bus = text.slice('return:'.length)
  if (isBus(bus)) return { kind: 'return', bus }
  throw new MarmaladeError(
    'USAGE',
    `${text} is no return: there are ${BUS_NAMES.map((name) => `return:${name}`).join(' and ')}`,
  )
}

/** Writes 128 frames of a stem as its strip's fader lets them through. */
export function fade({ fader }: Pick<Strip, 'fader'>, stem: Slot, outLeft: Float64Array, outRight: Float64Array): void {
  const { left, right } = stem
  if (fader.moving) {
    for (let i = 0; i < BLOCK; i++) {
      fader.step()
      outLeft[i] = (left[i] ?? 0) * fader.left
      outRight[i] = (right[i] ?? 0) * fader.right
    }
    return
  }
  const { left: gainLeft, right: gainRight } = fader
  for (let i = 0; i < BLOCK; i++) {
    outLeft[i] = (left[i] ?? 0) * gainLeft
    outRight[i] = (right[i] ?? 0) * gainRight
  }
}

/** Adds 128 frames of a stem to the sum where its strip's fader rests: the same samples as through `fade`. */
export function addPlain(
  { fader }: Pick<Strip, 'fader'>,
  stem: Slot,
  sumLeft: Float64Array,
  sumRight: Float64Array,
): void {
  const { left, right } = stem
  const { left: gainLeft, right: gainRight } = fader
  for (let i = 0; i < BLOCK; i++) {
    sumLeft[i] = (sumLeft[i] ?? 0) + (left[i] ?? 0) * gainLeft
    sumRight[i] = (sumRight[i] ?? 0) + (right[i] ?? 0) * gainRight
  }
}
