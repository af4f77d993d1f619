import test from 'tape'
import { isRefused, openFiles, parseManifest } from '../../lib/generators/index.ts'
import { codeOf, good, textFile } from '../helpers/generators.ts'

const bytes = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
const BASE = { name: 'drums', runtime: 'wasm', entry: 'drums.wasm' }
const PARAM = { name: 'cutoff', unit: 'Hz', min: 20, max: 20_000, default: 800 }

test('a manifest is read, with empty lists where it has none', (t) => {
  t.deepEqual(good(parseManifest(bytes(BASE))), { ...BASE, params: [], tags: [] })
  const full = {
    ...BASE,
    about: 'Kick and hats',
    author: 'Ada',
    license: 'MIT',
    params: [PARAM, { name: 'drive', min: 0, max: 1, default: 0 }],
    tags: ['kick', 'hat.open'],
    composer: 'Ada',
    track: 'drums',
  }
  t.deepEqual(good(parseManifest(bytes(full))), full)
  t.deepEqual(
    good(parseManifest(bytes({ ...BASE, later: [1] }))),
    { ...BASE, params: [], tags: [] },
    'what it does not know is left out',
  )
  const process = good(parseManifest(bytes({ name: 'shell', runtime: 'process', format: 's16le' })))
  t.equal(process.entry, undefined, 'a process needs no entry')
  t.end()
})

test('what is wrong with a manifest is refused with its place', (t) => {
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['no JSON', '{', /generator\.json: /],
    ['a list', [], /it /],
    ['no name', { ...BASE, name: undefined }, /: name /],
    ['a bad name', { ...BASE, name: '../x' }, /: name is no name/],
    ['a runtime there is not', { ...BASE, runtime: 'python' }, /: runtime /],
    ['no entry', { ...BASE, entry: undefined }, /: entry is missing/],
    ['an entry outside', { ...BASE, entry: '../x.wasm' }, /: entry leads out/],
    ['gain', { ...BASE, params: [{ ...PARAM, name: 'gain' }] }, /: params\[0\]\.name is reserved/],
    ['pan', { ...BASE, params: [PARAM, { ...PARAM, name: 'pan' }] }, /: params\[1\]\.name is reserved/],
    ['a parameter twice', { ...BASE, params: [PARAM, PARAM] }, /: params name one parameter twice/],
    ['a default outside', { ...BASE, params: [{ ...PARAM, default: 10 }] }, /: params\[0\]\.default does not lie/],
    ['min over max', { ...BASE, params: [{ ...PARAM, min: 30_000 }] }, /: params\[0\]\.default does not lie/],
    ['no number', { ...BASE, params: [{ ...PARAM, max: '1' }] }, /: params\[0\]\.max /],
    [
      'an infinite number',
      JSON.stringify({ ...BASE, params: [{ ...PARAM, max: 7 }] }).replace(':7', ':1e999'),
      /params\[0\]\.max /,
    ],
    ['a bad tag', { ...BASE, tags: ['Kick'] }, /: tags\[0\] is no name/],
    ['a tag twice', { ...BASE, tags: ['kick', 'kick'] }, /: tags name one tag twice/],
    [
      'too many parameters',
      { ...BASE, params: Array.from({ length: 65 }, (_, n) => ({ ...PARAM, name: `p${n}` })) },
      /: params /,
    ],
    ['a control character', { ...BASE, about: 'red \u001b[31m' }, /: about holds a control character/],
    ['a track that is no name', { ...BASE, track: 'Lead Synth' }, /: track is no name/],
    ['too long', { ...BASE, later: 'x'.repeat(70_000) }, /longer than/],
  ]
  for (const [what, value, place] of cases) {
    const refused = parseManifest(bytes(value))
    t.equal(codeOf(refused), 'MANIFEST_INVALID', what)
    t.match(isRefused(refused) ? refused.message : '', place)
  }
  t.equal(codeOf(parseManifest(Uint8Array.of(0xff, 0xfe))), 'MANIFEST_INVALID', 'no UTF-8')
  t.end()
})

test('files are a generator only with a manifest and its entry', (t) => {
  const manifest = textFile('generator.json', JSON.stringify(BASE))
  const wasm = textFile('drums.wasm', '')
  t.equal(good(openFiles([manifest, wasm])).entry, wasm)
  t.equal(codeOf(openFiles([wasm])), 'MANIFEST_MISSING')
  t.equal(codeOf(openFiles([textFile('deeper/generator.json', '{}')])), 'MANIFEST_MISSING')
  t.equal(codeOf(openFiles([manifest])), 'GENERATOR_ENTRY_MISSING')
  const shell = textFile('generator.json', '{"name":"shell","runtime":"process"}')
  const first = { ...textFile('a.sh', ''), executable: true }
  const second = { ...textFile('b.sh', ''), executable: true }
  t.equal(good(openFiles([shell, textFile('a', ''), first, second])).entry, first, 'the first executable file')
  t.equal(codeOf(openFiles([shell, wasm])), 'GENERATOR_ENTRY_MISSING')
  t.end()
})
