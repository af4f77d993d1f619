import { createWriteStream } from 'node:fs'
import type { Writable } from 'node:stream'

/**
 * A process of its own around the npm package `speaker`, which aborts where there is no card and leaks a little with
 * each write: so it reads PCM (interleaved stereo float32) from standard input and writes 4,800 frames at a time.
 * Says on descriptor 3 that it is ready. Argument: the ALSA device, if not the default.
 */
const BYTES_PER_FRAME = 8
const WRITE_BYTES = 4_800 * BYTES_PER_FRAME

type SpeakerClass = new (options: Record<string, unknown>) => Writable

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
speaker.on('error', (error: Error) => {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
})
createWriteStream('', { fd: 3 }).end('ready\n')

let waiting: Buffer = Buffer.alloc(0)
for await (const bytes of process.stdin as AsyncIterable<Buffer>) {
  waiting = Buffer.concat([waiting, bytes])
  while (waiting.length >= WRITE_BYTES) {
    await play(waiting.subarray(0, WRITE_BYTES))
    waiting = waiting.subarray(WRITE_BYTES)
  }
}
const whole = waiting.length - (waiting.length % BYTES_PER_FRAME)
if (whole > 0) await play(waiting.subarray(0, whole))
speaker.end()

function play(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    speaker.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}
