import { PassThrough } from 'node:stream'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { decodePcm, readWavHeader } from '../../lib/mix/index.ts'
import { makeSink, makeSinks, parseSink, ProcessSink, sinkName, usesStandardOutput } from '../../lib/sink/index.ts'
import { StreamSink } from '../../lib/sink/stream.ts'
import { playIntoFile, withoutAplay, withoutSpeaker } from '../helpers/alsa.ts'
import { codeOf, failureOf } from '../helpers/hosts.ts'
import { signal, sinkSuite, type SinkUnderTest } from '../suites/sink.ts'

/** `aplay` fills its last period. */
const APLAY_PERIOD = 960

async function samplesOfWav(file: string): Promise<Uint8Array> {
  const bytes = await readFile(file)
  const info = readWavHeader(bytes)
  if (info?.format !== 'f32' || bytes.length !== info.offset + info.frames * 8) throw new Error('no whole WAV of ours')
  return bytes.subarray(info.offset)
}

/** A sink made from a specification in a folder of its own; `%` in it is that folder. */
const inFolder = (text: string, kept?: (folder: string) => Promise<Uint8Array>) => async (): Promise<SinkUnderTest> => {
  const folder = await mkdtemp(join(tmpdir(), 'marmalade-sink-'))
  const restore = playIntoFile(join(folder, 'card.raw'))
  return {
    sink: makeSink(parseSink(text.replace('%', folder))),
    ...(kept && { kept: () => kept(folder) }),
    ...(text === 'aplay' && { period: APLAY_PERIOD }),
    async teardown() {
      restore()
      await rm(folder, { recursive: true })
    },
  }
}
const wav = (folder: string): Promise<Uint8Array> => samplesOfWav(join(folder, 'a.wav'))
const card = (folder: string): Promise<Uint8Array> => readFile(join(folder, 'card.raw'))
const raw = (folder: string): Promise<Uint8Array> => readFile(join(folder, 'a.raw'))

/** A test that needs what this machine may lack. */
const needing = (missing: string | undefined): typeof test =>
  // What `tape` offers to skip a test takes the same arguments.
  missing === undefined ? test : (((name: string) => test.skip(`${name} (${missing})`, () => undefined)) as typeof test)

sinkSuite(test, 'wav', inFolder('wav:%/a.wav', wav))
sinkSuite(test, 'raw', inFolder('raw:%/a.raw', raw))
sinkSuite(test, 'null', inFolder('null'))
sinkSuite(needing(withoutSpeaker()), 'speaker', inFolder('speaker', card))
sinkSuite(needing(withoutAplay()), 'aplay', inFolder('aplay', card))
sinkSuite(needing(withoutSpeaker()), 'speaker+wav, the file', inFolder('speaker+wav:%/a.wav', wav))
sinkSuite(needing(withoutSpeaker()), 'speaker+wav, the card', inFolder('speaker+wav:%/a.wav', card))
sinkSuite(test, 'raw:- on any stream', async () => {
  const stream = new PassThrough()
  let pieces: Buffer[] = []
  stream.on('data', (bytes: Buffer) => pieces.push(bytes))
  const sink = new StreamSink(stream)
  const open = sink.open.bind(sink)
  sink.open = async () => {
    pieces = []
    await open()
  }
  return { sink, kept: async () => Buffer.concat(pieces), teardown: async () => void stream.destroy() }
})

needing(withoutSpeaker())('what the card plays is what the WAV beside it holds', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'marmalade-sink-'))
  const restore = playIntoFile(join(folder, 'card.raw'))
  const sink = makeSink(parseSink(`speaker+wav:${join(folder, 'a.wav')}`))
  await sink.open()
  for (let i = 0; i < 50; i++) await sink.write(signal(960, i * 960))
  await sink.close()
  const [played, written] = [await card(folder), await wav(folder)]
  t.equal(written.length, 50 * 960 * 8)
  t.ok(Buffer.from(played).equals(written))
  t.deepEqual(
    decodePcm('f32', written).left.subarray(0, 3),
    signal(3).filter((_, i) => i % 2 === 0),
  )
  restore()
  await rm(folder, { recursive: true })
})

test('where there is no card, no folder or no program, opening says what to do', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'marmalade-sink-'))
  const restore = playIntoFile(join(folder, 'card.raw'))
  for (const text of ['wav:%/none/a.wav', 'raw:%/none/a.raw', 'speaker+wav:%/none/a.wav', 'speaker:no-such-device']) {
    const error = await failureOf(makeSink(parseSink(text.replace('%', folder))).open())
    t.equal((error as { code?: string }).code, 'SINK_UNAVAILABLE', text)
  }
  const absent = new ProcessSink('absent', {
    command: join(folder, 'absent'),
    args: [],
    remedy: 'make it',
    reports: 'nothing',
  })
  t.match(((await failureOf(absent.open())) as Error).message, /absent cannot play here: make it/)
  restore()
  await rm(folder, { recursive: true })
})

test('a card that goes away is lost with what it said; it may be opened again', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'marmalade-sink-'))
  // Reads a second of sound, then dies as `speaker` does when the card is unplugged.
  const script = join(folder, 'card.sh')
  await writeFile(script, 'echo ready >&3; head -c 384000 >/dev/null; echo unplugged >&2; exit 7\n')
  const sink = new ProcessSink('card', { command: 'sh', args: [script], remedy: '', reports: 'ready' })
  for (const round of [1, 2]) {
    await sink.open()
    const error = await failureOf(
      (async () => {
        for (;;) await sink.write(signal(4_800))
      })(),
    )
    t.equal((error as { code?: string }).code, 'SINK_LOST', `round ${round}`)
    t.match((error as Error).message, /it ended \(7\)/)
    t.match(String((error as Error).cause), /unplugged/)
    t.equal(await codeOf(sink.write(signal(16))), 'SINK_LOST', 'until it is opened again')
    await sink.close()
  }
  await rm(folder, { recursive: true })
})

test('one that never says that it is ready, because it ends, is not open', async (t) => {
  const sink = new ProcessSink('card', {
    command: 'sh',
    args: ['-c', 'exit 0'],
    remedy: 'plug it in',
    reports: 'ready',
  })
  t.equal(await codeOf(sink.open()), 'SINK_UNAVAILABLE')
})

test('who reads standard output and goes away ends the sound, not the program', async (t) => {
  const stream = new PassThrough()
  const sink = new StreamSink(stream)
  await sink.open()
  stream.destroy(new Error('EPIPE'))
  t.equal(await codeOf(sink.write(signal(16))), 'SINK_LOST')
  await sink.close()
})

test('a file keeps every frame when the card beside it goes away', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'marmalade-sink-'))
  const restore = playIntoFile(join(folder, 'card.raw'))
  const sink = makeSink(parseSink(`aplay:no-such-device+wav:${join(folder, 'a.wav')}`))
  await sink.open()
  for (let i = 0; i < 100; i++) await sink.write(signal(480, i * 480))
  await sink.close()
  t.ok(Buffer.from(await wav(folder)).equals(Buffer.from(signal(48_000).buffer)))
  restore()
  await rm(folder, { recursive: true })
})

test('a WAV plays up to the last second of a writer that was killed', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'marmalade-sink-'))
  const file = join(folder, 'a.wav')
  const sink = makeSink({ kind: 'wav', file })
  await sink.open()
  t.equal(readWavHeader(await readFile(file))?.frames, 0)
  for (let i = 0; i < 11; i++) await sink.write(signal(4_800, i * 4_800))
  t.equal(readWavHeader(await readFile(file))?.frames, 48_000, 'patched after a second, before it is closed')
  await sink.close()
  t.equal(readWavHeader(await readFile(file))?.frames, 52_800)
  await rm(folder, { recursive: true })
})

test('sinks by name', (t) => {
  const names = ['wav:/tmp/a:b.wav', 'raw:-', 'raw:x', 'null', 'speaker', 'speaker:hw:1,0', 'aplay', 'aplay:x']
  for (const text of [...names, 'speaker+wav:a+b.wav', 'aplay:hw:0+raw:-']) t.equal(sinkName(parseSink(text)), text)
  for (const text of ['', 'wav:', 'raw:', 'null:x', 'mp3:a', 'wav', 'null+wav:a', 'speaker+null']) {
    t.throws(() => parseSink(text), { code: 'SINK_UNKNOWN' }, JSON.stringify(text))
  }
  t.deepEqual(
    makeSinks(parseSink('speaker+wav:a.wav')).map(({ name, lateness }) => [name, lateness]),
    [
      ['wav:a.wav', 'wait'],
      ['speaker', 'skip'],
    ],
  )
  t.deepEqual(
    ['raw:-', 'speaker+raw:-', 'raw:x', 'null'].map((text) => usesStandardOutput(parseSink(text))),
    [true, true, false, false],
  )
  t.end()
})
