import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type Test } from 'tape'
import { checkDevice, deviceRemedy, listDevices, makeSink, parseSink } from '../../lib/sink/index.ts'
import { parseCards, parseNames } from '../../lib/sink/devices.ts'
import { playIntoFile, withoutAplay, withoutSpeaker } from '../helpers/alsa.ts'
import { failureOf } from '../helpers/hosts.ts'
import { marmalade } from '../helpers/programs.ts'
import { signal } from '../suites/sink.ts'

/** As a laptop with a USB interface has them. */
const CARDS = ` 0 [PCH            ]: HDA-Intel - HDA Intel PCH
                      HDA Intel PCH at 0xf7f30000 irq 31
 1 [Scarlett2i2USB ]: USB-Audio - Scarlett 2i2 USB
                      Focusrite Scarlett 2i2 USB at usb-0000:00:14.0-2
`
const PCM = `00-00: ALC257 Analog : ALC257 Analog : playback 1 : capture 1
00-03: HDMI 0 : HDMI 0 : playback 1
01-00: USB Audio : USB Audio : playback 1 : capture 1
02-00: Microphone : Microphone : capture 1
`
const PRINTED = `null
    Discard all samples (playback) or generate zero samples (capture)
pipewire
    PipeWire Sound Server
sysdefault:CARD=PCH
    HDA Intel PCH, ALC257 Analog
    Default Audio Device
hw:CARD=PCH,DEV=0
    HDA Intel PCH, ALC257 Analog
plughw:CARD=PCH,DEV=0
    HDA Intel PCH, ALC257 Analog
surround51:CARD=PCH,DEV=0
studio
`

/** A test with ALSA devices that write into a file: `default` and `studio`. */
const withDevices = (
  skip: string | undefined,
  name: string,
  body: (t: Test, card: string, folder: string) => Promise<void>,
): void => {
  test(name, { skip: skip ?? false }, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'marmalade-devices-'))
    const restore = playIntoFile(join(folder, 'card.raw'))
    try {
      await body(t, join(folder, 'card.raw'), folder)
    } finally {
      restore()
      await rm(folder, { recursive: true })
    }
  })
}

test('devices: what plays of each card, and what the configuration names; no converters', (t) => {
  t.deepEqual(parseCards(CARDS, PCM), [
    { name: 'plughw:CARD=PCH,DEV=0', about: 'ALC257 Analog' },
    { name: 'plughw:CARD=PCH,DEV=3', about: 'HDMI 0' },
    { name: 'plughw:CARD=Scarlett2i2USB,DEV=0', about: 'USB Audio' },
  ])
  t.deepEqual(parseNames(PRINTED), [
    { name: 'pipewire', about: 'PipeWire Sound Server' },
    { name: 'plughw:CARD=PCH,DEV=0', about: 'HDA Intel PCH, ALC257 Analog' },
    { name: 'studio', about: '' },
  ])
  t.deepEqual([parseCards('--- no soundcards ---\n', ''), parseNames('')], [[], []])
  for (const { name } of parseCards(CARDS, PCM))
    t.equal((parseSink(`speaker:${name}`) as { device?: string }).device, name)
  t.end()
})

withDevices(
  withoutAplay(),
  'devices: both sources, each device once, and never more than a bound',
  async (t, _card, folder) => {
    const asound = join(folder, 'asound')
    await mkdir(asound)
    await writeFile(join(asound, 'cards'), CARDS)
    const outputs = Array.from({ length: 200 }, (_, i) => `01-${i}: USB Audio : USB Audio : playback 1\n`)
    await writeFile(join(asound, 'pcm'), PCM + outputs.join(''))
    const names = (await listDevices({ asound })).map(({ name }) => name)
    t.deepEqual(names.slice(0, 3), ['default', 'studio', 'plughw:CARD=PCH,DEV=0'])
    t.equal(names.length, 64)
    t.equal(new Set(names).size, 64)
  },
)

for (const [kind, missing] of [
  ['speaker', withoutSpeaker()],
  ['aplay', withoutAplay()],
] as const) {
  const skip = missing ?? withoutAplay()
  withDevices(skip, `devices: ${kind} plays on the one that is named`, async (t, card) => {
    const sink = makeSink(parseSink(`${kind}:studio`))
    await sink.open()
    for (let i = 0; i < 10; i++) await sink.write(signal(4_800, i * 4_800))
    await sink.close()
    const want = Buffer.from(signal(48_000).buffer)
    t.ok((await readFile(card)).subarray(0, want.length).equals(want), 'byte for byte')
    await checkDevice(parseSink(`${kind}:studio`))
  })

  withDevices(skip, `devices: one that ${kind} does not find is told with those that there are`, async (t) => {
    const spec = parseSink(`${kind}:sudio`)
    for (const open of [() => makeSink(spec).open(), () => checkDevice(spec)]) {
      const error = (await failureOf(open())) as Error & { code?: string }
      t.equal(error.code, 'SINK_UNAVAILABLE')
      t.match(error.message, /no device is called sudio: there are default studio$/)
    }
    const file = await failureOf(checkDevice(parseSink(`${kind}:sudio+wav:/nowhere/a.wav`)))
    t.match((file as Error).message, /sudio/, 'also with a file beside it, which is not touched')
  })
}

withDevices(withoutAplay(), 'devices: one that is there is not called unknown', async (t) => {
  t.match(await deviceRemedy('studio'), /^studio is there and does not open/)
  for (const text of ['null', 'speaker', 'wav:/nowhere/a.wav']) await checkDevice(parseSink(text))
})

withDevices(
  withoutAplay(),
  'devices: `start` with an unknown one ends at once, in the background too',
  async (t, _card, folder) => {
    for (const more of [[], ['--detach']]) {
      const ran = await marmalade(['start', '--port', '0', '--sink', 'aplay:sudio', ...more], {
        home: join(folder, 'ada'),
      })
      t.equal(ran.code, 1)
      t.match(
        ran.stderr,
        /^marmalade: aplay:sudio cannot play here: .*there are default studio \(SINK_UNAVAILABLE\)\n$/,
      )
    }
  },
)
