import { SAMPLE_RATE } from '../base/index.ts'
import { makeSinks } from './open.ts'
import { ProcessSink } from './process.ts'
import type { SinkSpec } from './types.ts'

/** Half a second for each side, at -20 dBFS, with fades of 20 ms. */
const SIDE_FRAMES = SAMPLE_RATE / 2
const FADE = SAMPLE_RATE / 50
const LEVEL = 0.1
/** A4 on the left, E5 on the right. */
const HERTZ = [440, 660] as const
const PIECE = 4_800

/** A second of sound to hear which side is which, interleaved: first the left channel alone, then the right. */
export function testTone(): Float32Array {
  const samples = new Float32Array(4 * SIDE_FRAMES)
  for (const [side, hertz] of HERTZ.entries()) {
    for (let i = 0; i < SIDE_FRAMES; i++) {
      const edge = Math.min(1, i / FADE, (SIDE_FRAMES - 1 - i) / FADE)
      const fade = (1 - Math.cos(Math.PI * edge)) / 2
      samples[2 * (side * SIDE_FRAMES + i) + side] = LEVEL * fade * Math.sin((2 * Math.PI * hertz * i) / SAMPLE_RATE)
    }
  }
  return samples
}

/** Plays the test tone to its end. @returns what went wrong and what a player complained of; nothing where all is well */
export async function playTone(spec: SinkSpec): Promise<string[]> {
  const tone = testTone()
  const heard: string[] = []
  for (const sink of makeSinks(spec)) {
    try {
      await sink.open()
      for (let at = 0; at < tone.length; at += 2 * PIECE) await sink.write(tone.subarray(at, at + 2 * PIECE))
    } catch (error) {
      heard.push(error instanceof Error ? error.message : String(error))
    }
    await sink.close().catch((error: unknown) => heard.push(String(error)))
    if (sink instanceof ProcessSink) heard.push(...sink.complaints)
  }
  return heard
}
