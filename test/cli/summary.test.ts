import test from 'tape'
import { cut } from '../../bin/cli/screen.ts'
import { summary, timeOf } from '../../bin/cli/summary.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import { generateIdentity } from '../../lib/keys/index.ts'

const { id: ada } = generateIdentity(new Uint8Array(32).fill(1))
const { id: ben } = generateIdentity(new Uint8Array(32).fill(2))
const KEY = `%${'A'.repeat(43)}=.sha256`
const BLOB = `&${'A'.repeat(43)}=.sha256`
const said = (payload: unknown): string => summary({ comparable: 1_000_000_000, payload })
const inJam = { jam: `${ada}:friday`, at: 7_680, on: 'bar' }

test('an entry in one line: its type, and what matters of the rest', (t) => {
  t.equal(said({ type: 'identification', name: 'ada', about: 'since tea time' }), 'identification ada since tea time')
  t.equal(said({ type: 'follow', identity: ben, on: true }), `follow ${shortIdOf(ben)}`)
  t.equal(said({ type: 'block', identity: ben, on: false }), `block ${shortIdOf(ben)} no more`)
  const start = { type: 'jam', jam: inJam.jam, action: 'start', tempo: 112, meter: '4/4', engine: 0 }
  t.equal(said(start), 'jam friday: start 112 BPM, 4/4')
  t.equal(said({ type: 'jam', jam: inJam.jam, action: 'tempo', bar: 7, tempo: 90 }), 'jam friday: 90 BPM from bar 8')
  const play = { type: 'play', ...inJam, generator: `${ada}:drums`, archive: BLOB, instance: 'drums' }
  t.equal(said(play), 'play drums in friday from beat 9')
  t.equal(
    said({ ...play, instance: 'kit', params: { hats: 0.5 }, length: 960 }),
    'play kit (drums) in friday from beat 9 for 1 beats hats=0.5',
  )
  t.equal(
    said({ type: 'param', ...inJam, instance: 'drums', name: 'hats', value: 0.5, over: 3_840 }),
    'param drums hats=0.5 in friday from beat 9 over 4 beats',
  )
  t.equal(said({ type: 'tag', name: 'context', value: 'drop', ...inJam }), 'tag context=drop in friday from beat 9')
  t.equal(said({ type: 'tag', name: 'context', value: 'drop', entry: KEY }), 'tag context=drop')
  t.equal(said({ type: 'public_note', text: 'good evening' }), 'public_note good evening')
  t.equal(said({ type: 'rebase', replaces: [KEY] }), 'rebase instead of AAAAAAAA')
  t.end()
})

test('an again says what it stands for, and from when; what is not understood is shown as it is', (t) => {
  const payload = { type: 'public_note', text: 'one' }
  t.equal(timeOf(1_000_000), '1970-01-01 00:00:01')
  t.equal(
    said({ type: 'again', key: KEY, comparable: 1_000_000, payload }),
    'again of 1970-01-01 00:00:01: public_note one',
  )
  t.equal(said('x.box'), 'encrypted')
  t.equal(said({ type: 'weather', rain: true }), 'weather {"rain":true}')
  t.equal(said({ type: 'follow', identity: 'nobody' }), 'follow {"identity":"nobody"}')
  t.end()
})

test('text is cut to a width, never through a character', (t) => {
  t.equal(cut('12345', 5), '12345')
  t.equal(cut('123456', 5), '1234…')
  t.equal(cut('123456', Infinity), '123456')
  t.equal(cut('123😀56', 5), '123…')
  t.end()
})
