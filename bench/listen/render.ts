import { readFileSync } from 'node:fs'
import { BLOCK, SAMPLE_RATE } from '../../lib/base/index.ts'
import { Limiter } from '../../lib/mix/limiter.ts'
import { type Event, Host, type Running } from './host.ts'
import { type Plan, ROOT } from './plan.ts'

/** First-light as the small host gives it. Frames count from the jam's origin; the tune begins at `origin`. */
export interface Rendered {
  readonly host: Host
  readonly instances: readonly Running[]
  /** First frame of a bar of the tune, from 1. */
  readonly bar: (bar: number) => number
  readonly sumLeft: Float64Array
  readonly sumRight: Float64Array
  readonly left: Float32Array
  readonly right: Float32Array
  /** Least gain of the limiter, as a factor. */
  readonly limited: number
}

export interface RenderOptions {
  /** Other sections of blocks; see `HostInit`. */
  readonly cut?: (frame: number) => boolean
  readonly tempo?: number
}

/** The tune begins on a bar of the jam that is a multiple of the phrase: here its second one. */
export function renderPlan(plan: Plan, options: RenderOptions = {}): Rendered {
  const tempo = options.tempo ?? plan.tempo
  const beatOf = (bar: number): number => (plan.phraseBars + bar - 1) * 4
  const perFrame = tempo / 60 / SAMPLE_RATE
  const frames = Math.ceil((beatOf(plan.bars + 1) / perFrame + plan.tailSeconds * SAMPLE_RATE) / BLOCK) * BLOCK
  const host = new Host({ tempo, frames, ...(options.cut ? { cut: options.cut } : {}) })
  const bar = (n: number): number => host.frameOf(beatOf(n))
  const instances = host.render(eventsOf(plan, beatOf, bar))
  return { host, instances, bar, ...mixOf(instances, frames) }
}

function eventsOf(plan: Plan, beatOf: (bar: number) => number, frameOf: (bar: number) => number): Event[] {
  const paths: string[] = []
  return plan.actions.flatMap((action): Event[] => {
    const frame = frameOf(action.bar)
    if (action.do === 'tag') return [{ kind: 'tag', frame, path: `jam/${action.name}`, value: action.value ?? '' }]
    if (action.do === 'end') return paths.map((path) => ({ kind: 'stop', frame, path }))
    const path = `${action.player}/${action.generator}/${action.generator}`
    if (action.do === 'stop') return [{ kind: 'stop', frame, path }]
    paths.push(path)
    return [{ kind: 'start', frame, path, module: moduleOf(action.generator ?? ''), beat: beatOf(action.bar) }]
  })
}

export function moduleOf(generator: string): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(new URL(`fixtures/generators/${generator}/${generator}.wasm`, ROOT)))
}

function mixOf(instances: readonly Running[], frames: number): Omit<Rendered, 'host' | 'instances' | 'bar'> {
  const sumLeft = new Float64Array(frames)
  const sumRight = new Float64Array(frames)
  for (const { left, right } of instances) {
    for (let i = 0; i < frames; i++) {
      sumLeft[i]! += left[i]!
      sumRight[i]! += right[i]!
    }
  }
  const left = new Float32Array(frames)
  const right = new Float32Array(frames)
  const limiter = new Limiter()
  limiter.run(sumLeft, sumRight, left, right, frames)
  return { sumLeft, sumRight, left, right, limited: limiter.takeLeastGain() }
}
