/** Parts of the voices bench. Each gives nanoseconds of processor time that a frame of one voice takes. */
import { BLOCK, type Frames, SAMPLE_RATE } from '../../lib/base/index.ts'
import { createWasmVoice, NO_TAGS, type PreparedWasm, type Voice } from '../../lib/generators/index.ts'
import { serveParts } from '../kit/part.ts'
import { costOf } from '../listen/cost.ts'
import { assembled, readyGenerator, readyModule, SIMPLE, simpleModule } from './generators.ts'
import { renderTo, stage } from './stage.ts'
import { TIGHT, tightWat, TURNS } from './tight.ts'

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

const TIGHT_ROUNDS = 7
const TIGHT_CALLS = 4_000

function costOfTurn(run: () => unknown): number {
  const before = process.cpuUsage()
  for (let n = 0; n < TIGHT_CALLS; n++) run()
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1_000) / (TIGHT_CALLS * TURNS)
}

function voiceOf(prepared: PreparedWasm, seed: number): Voice {
  return createWasmVoice(prepared, { seed: [seed, 0], sampleRate: SAMPLE_RATE, tags: NO_TAGS })
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
    const all = Array.from({ length: Number(voices) }, (_, n) => voiceOf(prepared, n))
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

  /** A turn of a loop that does next to nothing, as it is and in the runtime, in turns: the best of each. */
  async tight(name) {
    const module = await assembled(tightWat(TIGHT[name] ?? ''))
    const raw = new WebAssembly.Instance(new WebAssembly.Module(module), {}).exports as unknown as Raw
    const voice = voiceOf(readyModule('tight', module).prepared, 0)
    const block = { frames: BLOCK, frame: 0, beat: 0, beatsPerFrame: 0, bar: 0, startBeat: 0 }
    const best = { plain: Infinity, metered: Infinity }
    for (let round = 0; round < TIGHT_ROUNDS; round++) {
      best.plain = Math.min(
        best.plain,
        costOfTurn(() => raw.mm_process(BLOCK, 0, 0, 0, 0, 0)),
      )
      best.metered = Math.min(
        best.metered,
        costOfTurn(() => voice.process(block)),
      )
    }
    if (voice.failure) throw new Error('the loop failed')
    return best
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
