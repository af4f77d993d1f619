import { BLOCK, SAMPLE_RATE } from '../../lib/base/index.ts'
import { createWasmVoice, NO_TAGS, type TagAccess } from '../../lib/generators/index.ts'
import { shipped } from './render.ts'

/** A jam at its busiest: in the drop, dense, on the first chord. */
const TAGS: TagAccess = {
  ...NO_TAGS,
  open: (path) => ['jam/context', 'density', 'chord'].indexOf(path),
  get: (handle) => (handle === 1 ? 1 : handle === 2 ? 0 : NaN),
  text: (handle) => (handle === 0 ? 'drop' : undefined),
}

/** Nanoseconds of processor time that a frame of a generator takes in its busiest section, with its step budget. */
export async function costOf(generator: string): Promise<number> {
  const { prepared } = await shipped(generator)
  const voice = createWasmVoice(prepared, { seed: [1, 2], sampleRate: SAMPLE_RATE, tags: TAGS })
  const beatsPerFrame = 112 / 60 / SAMPLE_RATE
  const run = (from: number, to: number): void => {
    for (let frame = from; frame < to; frame += BLOCK) {
      const beat = frame * beatsPerFrame
      voice.process({ frames: BLOCK, frame, beat, beatsPerFrame, bar: beat / 4, startBeat: 0 })
    }
  }
  const seconds = 10
  run(0, seconds * SAMPLE_RATE)
  const began = process.cpuUsage()
  run(seconds * SAMPLE_RATE, 2 * seconds * SAMPLE_RATE)
  const { user } = process.cpuUsage(began)
  voice.close()
  return (user * 1000) / (seconds * SAMPLE_RATE)
}
