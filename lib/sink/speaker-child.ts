import { closeSync, writeSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { BYTES_PER_FRAME } from './pcm.ts'
import { SPEAKER } from './speaker-buffer.ts'

/**
 * A process of its own around the npm package `speaker`, which aborts where there is no card and leaks a little with
 * each write: so it reads PCM (interleaved stereo float32) from standard input and writes 2,400 frames at a time. The card
 * begins with the first write, of 4,800: half of them are what it has left when the next ones come.
 * Says on descriptor 3 that the device is open. Argument: the ALSA device, if not the default. Any failure ends it.
 */
const FIRST_BYTES = SPEAKER.frames * BYTES_PER_FRAME
const WRITE_BYTES = SPEAKER.piece * BYTES_PER_FRAME
const REPORT_FD = 3

type SpeakerClass = new (options: Record<string, unknown>) => Writable

// A terminal sends these to the whole group: the engine decides when it ends, by the end of its input.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)

const packageName: string = 'speaker'
const { default: Speaker } = (await import(packageName)) as { default: SpeakerClass }
const device = process.argv[2]
const speaker = new Speaker({
  channels: 2,
  sampleRate: 48_000,
  bitDepth: 32,
  float: true,
  signed: true,
  ...(device === undefined ? {} : { device }),
})
// An error while it plays is told here alone: the write that met it is never answered.
speaker.on('error', (error: Error) => {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})
// It opens the device at the first write, of however little.
await play(new Uint8Array(0))
writeSync(REPORT_FD, 'ready\n')
closeSync(REPORT_FD)

let waiting: Buffer = Buffer.alloc(0)
let enough = FIRST_BYTES
for await (const bytes of process.stdin as AsyncIterable<Buffer>) {
  waiting = Buffer.concat([waiting, bytes])
  while (waiting.length >= enough) {
    await play(waiting.subarray(0, enough))
    waiting = waiting.subarray(enough)
    enough = WRITE_BYTES
  }
}
const whole = waiting.length - (waiting.length % BYTES_PER_FRAME)
if (whole > 0) await play(waiting.subarray(0, whole))
speaker.end()

function play(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    speaker.write(bytes, () => resolve())
  })
}
