/** Parts of the voices bench. Each gives nanoseconds of processor time that a frame of one voice takes. */
import { BLOCK, type Frames, SAMPLE_RATE } from '../../lib/base/index.ts'
import { createWasmVoice } from '../../lib/generators/index.ts'
import { serveParts } from '../kit/part.ts'
import { costOf } from '../listen/cost.ts'
import { readyGenerator, SIMPLE, simpleModule } from './generators.ts'
import { renderTo, stage } from './stage.ts'

/** Before anything is measured: compilers get their time. */
const WARM_SECONDS = 2

interface Cost {
  readonly ns: number
}

function costPerFrame(voices: number, seconds: number, renderUpTo: (frame: Frames) => void): Cost {
  const warm = WARM_SECONDS * SAMPLE_RATE
  renderUpTo(warm)
  const frames = seconds * SAMPLE_RATE
  const before = process.cpuUsage()
  renderUpTo(warm + frames)
  const { user, system } = process.cpuUsage(before)
  return { ns: ((user + system) * 1_000) / (frames * voices) }
}

interface Raw {
  mm_init(rate: number, frames: number, lo: number, hi: number): number
  mm_process(frames: number, frame: number, beat: number, per: number, bar: number, start: number): number
}

await serveParts({
  /** The simple voice's module as it is, without checks, budget or chain. */
  async plain(voices, seconds) {
    const module = new WebAssembly.Module(await simpleModule())
    const all = Array.from({ length: Number(voices) }, (_, n) => {
      const raw = new WebAssembly.Instance(module, {}).exports as unknown as Raw
      raw.mm_init(SAMPLE_RATE, BLOCK, n, 0)
      return raw
    })
    let frame = 0
    return costPerFrame(all.length, Number(seconds), (to) => {
      for (; frame < to; frame += BLOCK) for (const raw of all) raw.mm_process(BLOCK, frame, 0, 0, 0, 0)
    })
  },

  /** The simple voice as a generator: instrumented with its step budget, run by the runtime. */
  async runtime(voices, seconds) {
    const { prepared } = await readyGenerator(SIMPLE)
    const tags = {
      open: () => -1,
      get: () => NaN,
      text: () => undefined,
      frame: () => NaN,
      set: () => undefined,
      log: () => undefined,
    }
    const all = Array.from({ length: Number(voices) }, (_, n) =>
      createWasmVoice(prepared, { seed: [n, 0], sampleRate: SAMPLE_RATE, tags }),
    )
    const beatsPerFrame = 112 / 60 / SAMPLE_RATE
    let frame = 0
    const cost = costPerFrame(all.length, Number(seconds), (to) => {
      for (; frame < to; frame += BLOCK) {
        const beat = frame * beatsPerFrame
        const block = { frames: BLOCK, frame, beat, beatsPerFrame, bar: beat / 4, startBeat: 0 }
        for (const voice of all) voice.process(block)
      }
    })
    if (all.some(({ failure, left }) => failure !== undefined || left[BLOCK - 1] === 0))
      throw new Error('a voice failed')
    return cost
  },

  /** A generator in the mix: runtime, chain, sum and limiter, on one thread. */
  async mixed(name, voices, seconds) {
    const renderer = stage(await readyGenerator(name), Number(voices))
    const cost = costPerFrame(Number(voices), Number(seconds), (to) => renderTo(renderer, to))
    const { peak } = renderer.meters().master
    await renderer.close()
    if (!(peak > 0)) throw new Error(`${name} was silent`)
    return cost
  },

  /** An example alone, in its busiest section. */
  async example(name) {
    return { ns: await costOf(name) } satisfies Cost
  },
})
