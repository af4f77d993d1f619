import test from 'tape'
import { cardWords, meterLines } from '../../bin/cli/meters.ts'
import type { SoundStatus } from '../../plugins/sound/index.ts'

const REF = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
const SILENT: SoundStatus = {
  sink: 'null',
  state: 'silent',
  underruns: 0,
  skippedFrames: 0,
  nudge: 0,
  cards: [],
  late: 0,
  instances: [],
  tracks: [],
  buses: [],
  waitingFor: [],
  failures: [],
  reports: [],
}

test('meters fit 80 columns: # up to the RMS, - up to the peak, from -60 to 0 dBFS', (t) => {
  const lines = meterLines({
    ...SILENT,
    state: 'playing',
    master: { peak: 1, rms: 0.1 },
    loudness: { momentary: -14.25, integrated: -16 },
    reduction: 1.234,
    instances: [
      { path: `${REF}/drums/drums`, peak: 0.1, rms: 0.01 },
      { path: `${REF}/x/${'long'.repeat(16)}`, shown: `ada:${'long'.repeat(16)}`, peak: 0, rms: 0 },
    ],
    tracks: [{ track: 'bass\u001b[2J', peak: 0.5, rms: 1e-4 }],
    buses: [{ bus: 'room', peak: 1e-4, rms: 1e-5 }],
  })
  t.ok(
    lines.every((line) => line.length <= 80),
    lines.join('\n'),
  )
  const bars = lines.slice(1, -1).map((line) => /#*-*(?= {2}| +-?\d| +- )/.exec(line.slice(28))?.[0] ?? '')
  t.deepEqual(bars, ['#'.repeat(10).padEnd(20, '-'), '', '-'.repeat(27), '', '#'.repeat(20).padEnd(30, '-')])
  t.ok(lines[1]?.includes(':drums '), 'whose and which')
  t.ok(lines[2]?.startsWith('ada:long'), 'as the node calls it')
  t.ok(/-20\.0 {2}-40\.0$/.test(lines[1] ?? ''), 'peak, then RMS')
  t.ok(/ +- +-$/.test(lines[2] ?? ''), 'silence has no figure')
  t.notOk(lines.join('').includes('\u001b'), 'nothing steers the terminal')
  t.equal(lines.at(-1), '-14.3 LUFS now, -16.0 in all, the limiter takes 1.2 dB')
  const nudged = meterLines({ ...SILENT, nudge: 20, master: { peak: 1, rms: 1 } })
  t.equal(nudged.at(-1), 'you hear everything 20 ms later')
  t.deepEqual(meterLines(SILENT), ['no levels: the sound is silent'])
  t.end()
})

test('cards: how long until they sound, what is off, what was slipped', (t) => {
  const card = { name: 'speaker', latency: 100, measured: false, late: 0.4, slips: 0 }
  t.equal(cardWords(card), 'speaker sounds 100.0 ms after it is fed (not measured)')
  t.equal(
    cardWords({ ...card, measured: true, latency: 112.04, late: 12.04, slips: 3 }),
    'speaker sounds 112.0 ms after it is fed, late by 12.0 ms, 3 slips',
  )
  t.equal(
    cardWords({ ...card, measured: true, latency: 98, late: -2 }),
    'speaker sounds 98.0 ms after it is fed, early by 2.0 ms',
  )
  t.end()
})
