import test from 'tape'
import { hasCode } from '../../lib/base/index.ts'
import { encodeTakeLine, parseTake, takeHeader, takeRecordOf } from '../../lib/jam/index.ts'
import type { TakeRecord } from '../../lib/jam/index.ts'
import { ADA, BAR, JAM, archiveNamed, run, startedJam, toldAll } from '../helpers/jams.ts'

const HEADER = takeHeader({ jam: JAM, player: ADA, engine: 0, app: '0.1.0', origin: 1_000_000, first: 0 })
const path = 'ref/drums/one'
const invalid = (error: unknown) => hasCode(error, 'TAKE_INVALID')

test('take: what a conductor did and what happened here comes back as written', (t) => {
  const jam = startedJam({ tempo: 120 })
  jam.play(ADA, 'drums', 0, { length: BAR })
  const conductor = toldAll(jam.entries)
  conductor.begin(0)
  run(conductor, 0, 96_000)
  conductor.observe([jam.tag(ADA, 'mood', 1, 0), jam.action(ADA, 'tempo', { bar: 0, tempo: 121 })])
  run(conductor, 96_000, 192_000)
  const done = conductor.events().flatMap((event) => takeRecordOf(event) ?? [])
  t.deepEqual(
    done.map((record) => record.kind),
    ['started', 'grid', 'applied', 'ended'],
  )
  const records: TakeRecord[] = [
    ...done,
    { kind: 'failed', frame: 1, path, code: 'GENERATOR_TOO_SLOW', message: 'it took 120 ms' },
    { kind: 'mix', frame: 2, target: { kind: 'track', track: 'bass' }, setting: { mute: true, gain: -3 } },
    { kind: 'mix', frame: 2, target: { kind: 'return', bus: 'room' }, setting: { mute: true } },
    { kind: 'nudge', frame: 2, millis: -12.5 },
    { kind: 'reading', frame: 3, path: 'local/level', value: 0.5 },
    { kind: 'pcm', frame: 3, path, blob: archiveNamed('pcm'), frames: 48_000 },
    { kind: 'clock', frame: 4, to: 9 },
    { kind: 'underrun', frame: 4, frames: 128 },
    { kind: 'skip', frame: 4, frames: 128 },
    { kind: 'sink', frame: 5, name: 'null', state: 'open' },
    { kind: 'missing', count: 2 },
    { kind: 'close', frame: 6, peak: 0.5 },
  ]
  const text = [HEADER, ...records].map(encodeTakeLine).join('')
  t.deepEqual(parseTake(text), { header: HEADER, records, torn: false })
  t.deepEqual(parseTake(`${text}{"kind":"clo`), { header: HEADER, records, torn: true }, 'what a crash left')
  t.end()
})

test('take: what cannot be read is named by its line', (t) => {
  const good = encodeTakeLine(HEADER)
  for (const bad of ['', 'x\n', '{}\n', '{"kind":"take","version":2}\n', good + good, `${good}{"kind":"grid"}\n`])
    t.throws(() => parseTake(bad), invalid, JSON.stringify(bad.slice(0, 30)))
  t.throws(() => parseTake(`${good}${' '.repeat(20_000)}\n`), invalid, 'a line too long')
  t.throws(() => parseTake(`${good}nonsense\n`), /line 2/)
  t.end()
})
