/** The chain of an instance and the limiter of the mix, from docs/engine-1.md alone. */
import type { Chain, Sounding } from './host.ts'

const FADE = 240
const CEILING = 23198 / 32768
const MOST = 29204 / 32768
const within = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x))
const s = (i: number): number => (i / FADE) * (i / FADE) * (3 - 2 * (i / FADE))
const out = (i: number): number => (i >= FADE ? 0 : i < 0 ? 1 : s(FADE - 1 - i))

type Sides = [number, number]

/** 10^(dB/20) from + - * / alone. */
function gainOf(decibels: number): number {
  if (decibels <= -200) return 0
  const x = decibels * 0.16609640474436813
  const whole = Math.floor(x + 0.5)
  const t = (x - whole) * 0.6931471805599453
  let [sum, term] = [1, 1]
  for (let n = 1; n < 18; n++) sum += term = (term * t) / n
  for (let n = 0; n < Math.abs(whole); n++) sum *= whole < 0 ? 0.5 : 2
  return sum
}

export class InstanceChain implements Chain {
  readonly stem: [Float32Array, Float32Array]
  private readonly voice: Sounding
  private readonly x: Sides = [0, 0]
  private readonly y: Sides = [0, 0]
  private step = { at: -FADE, by: [0, 0] as Sides }
  private quiet = 0
  private held: Sides = [0, 0]

  constructor(voice: Sounding) {
    this.voice = voice
    this.stem = [new Float32Array(voice.stem[0].length), new Float32Array(voice.stem[0].length)]
  }

  private factors(frame: number): Sides {
    const { ramps } = this.voice
    const gain = gainOf(ramps.get('gain')!.at(frame))
    const pan = ramps.get('pan')!.at(frame)
    return [pan > 0 ? gain * (1 - pan) : gain, pan < 0 ? gain * (1 + pan) : gain]
  }

  /** With what is left of a step before. */
  private applied(frame: number): Sides {
    const [left, right] = this.factors(frame)
    const { at, by } = this.step
    return frame - at < FADE ? [left + by[0] * out(frame - at), right + by[1] * out(frame - at)] : [left, right]
  }
  changed(frame: number, change: () => void): void {
    const before = this.applied(frame)
    change()
    const [left, right] = this.factors(frame)
    this.step = { at: frame, by: [before[0] - left, before[1] - right] }
  }
  block(frame: number, frames: number): number {
    const { voice, x, y } = this
    for (let f = frame; f < frame + frames; f++) {
      const factors = this.applied(f)
      let loud = false
      for (const side of [0, 1] as const) {
        const given = voice.stem[side][f]!
        const now = Number.isFinite(given) ? within(given, -16, 16) : 0
        y[side] = now - x[side] + 0.9995 * y[side]
        x[side] = now
        const bounded = within(y[side] * factors[side], -CEILING, CEILING)
        if (Math.abs(bounded) >= 0.0001) loud = true
        const i = f - voice.start
        this.held[side] = bounded * ((i < FADE ? s(i + 1) : 1) * out(f - voice.out)) + 0
        this.stem[side][f] = this.held[side]
      }
      this.quiet = loud ? 0 : this.quiet + 1
    }
    if ((frame + frames) % 128 === 0) for (const side of [0, 1] as const) if (Math.abs(y[side]) < 1e-30) y[side] = 0
    return this.quiet
  }

  ended(frame: number): void {
    for (const side of [0, 1] as const)
      for (let i = 0; i < FADE; i++) this.stem[side][frame + i] = this.held[side] * out(i) + 0
  }
}

/** The mix of stems, in their order, after the limiter; interleaved. */
export function mixOf(stems: readonly (readonly [Float32Array, Float32Array])[], frames: number): Float32Array {
  const mix = new Float32Array(frames * 2)
  let g = 1
  for (let f = 0; f < frames; f++) {
    const [left, right] = [0, 1].map((side) => stems.reduce((sum, stem) => sum + stem[side as 0 | 1][f]!, 0)) as Sides
    g += (1 - g) * (1 / 4800)
    if (g > 0.9999999) g = 1
    const peak = Math.max(Math.abs(left), Math.abs(right))
    if (peak * g > MOST) g = MOST / peak
    mix[2 * f] = left * g
    mix[2 * f + 1] = right * g
  }
  return mix
}
