import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import test, { type Test } from 'tape'
import { makeSample } from '../../fixtures/templates/sample.ts'
import { assemblyScriptFlags } from '../../lib/authoring/flags.ts'
import {
  buildGenerator,
  findAsc,
  makeGenerator,
  newerSource,
  templates,
  type Template,
} from '../../lib/authoring/index.ts'
import { packageRoot } from '../../lib/base/node/root.ts'
import { MarmaladeError } from '../../lib/base/index.ts'
import { openFiles, pack, prepareGenerator, type PreparedWasm } from '../../lib/generators/index.ts'
import { readGenerator } from '../../lib/generators/node/folder.ts'
import { compileEach } from '../helpers/asc.ts'
import { block, fixture, good, startVoice } from '../helpers/generators.ts'

const lacks = (program: string, ...args: readonly string[]): boolean => spawnSync(program, args).status !== 0
const target = spawnSync('rustc', ['--print', 'target-libdir', '--target', 'wasm32-unknown-unknown'], {
  encoding: 'utf8',
})
const compiler = findAsc(packageRoot())
/** Why a language is not compiled here. */
const MISSING: Readonly<Record<string, string | false>> = {
  c: (lacks('clang', '--version') || lacks('wasm-ld', '--version')) && 'clang with wasm-ld is not installed',
  rust: (target.status !== 0 || !existsSync(target.stdout.trim())) && 'rustc has no target wasm32-unknown-unknown here',
}
/** Frames of eight bars of 4/4 at the 112 BPM of `block`. */
const BLOCKS = Math.floor((8 * 4 * 60 * 48_000) / 112 / 128)

const all = templates()

async function folderFrom(t: Test, template: Template, name = template.name): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'marmalade-templates-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await makeGenerator({ folder: join(folder, name), template })
  return join(folder, name)
}

async function preparedIn(folder: string): Promise<PreparedWasm> {
  return good(prepareGenerator(good(pack(await readGenerator(folder)))))
}

/** What it writes in eight bars at its defaults: left and right by turns of 128. */
function rendered(prepared: PreparedWasm, blocks = BLOCKS): { readonly samples: Float32Array; readonly sets: number } {
  const { voice, tags } = startVoice(prepared)
  for (const [n, param] of prepared.manifest.params.entries()) voice.param(n, param.default)
  const samples = new Float32Array(blocks * 256)
  for (let n = 0; n < blocks; n++) {
    if (voice.process(block(n * 128)) !== 'go') throw new Error(voice.failure?.message ?? 'it ended')
    samples.set(voice.left, n * 256)
    samples.set(voice.right, n * 256 + 128)
  }
  return { samples, sets: tags.writes.length }
}

const decibels = (samples: Float32Array): number =>
  20 * Math.log10(samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0))
const same = (a: Float32Array, b: Float32Array): boolean => Buffer.from(a.buffer).equals(Buffer.from(b.buffer))

test('a template for each kind of generator is there', (t) => {
  const wanted = ['bass', 'bell', 'bell', 'conductor', 'drum', 'listener', 'pad', 'pattern', 'sampler', 'shell']
  t.deepEqual(all.map(({ name }) => name).sort(), wanted)
  t.ok(
    all.every(({ about }) => about.length > 20 && !about.endsWith('.')),
    'each says what it is',
  )
  t.end()
})

test('a new folder plays at once: exact, and as loud as a generator should be', async (t) => {
  for (const template of all) {
    const folder = await folderFrom(t, template, 'my-2nd')
    const { manifest } = good(openFiles(await readGenerator(folder)))
    t.equal(manifest.name, 'my-2nd', `${basename(template.folder)}: its name`)
    t.ok((await readFile(join(folder, 'README.md'), 'utf8')).startsWith('# my-2nd\n'), 'a README')
    if (manifest.runtime === 'process') continue
    t.equal(await newerSource(folder), undefined, 'built')
    const prepared = await preparedIn(folder)
    const { samples, sets } = rendered(prepared)
    if (template.name === 'conductor') {
      t.ok(sets > 20 && samples.every((x) => x === 0), `it sets ${sets} tags, and is silent`)
      continue
    }
    const peak = decibels(samples)
    t.ok(peak > -12 && peak < -6, `it peaks at ${peak.toFixed(1)} dBFS`)
    t.ok(same(rendered(prepared, 300).samples, samples.slice(0, 300 * 256)), 'and again the same samples')
  }
})

test(
  'the committed modules of templates are what their sources compile to, byte for byte',
  { skip: compiler === undefined && 'assemblyscript, a devDependency, is not installed' },
  async (t) => {
    const out = await mkdtemp(join(tmpdir(), 'marmalade-templates-'))
    t.teardown(() => rm(out, { recursive: true }))
    const compiled = all.filter(({ language }) => language === 'as')
    const flags = compiled.map(({ name, folder }) => {
      const { pages = 4 } = JSON.parse(readFileSync(join(folder, 'generator.json'), 'utf8')) as { pages?: number }
      const job = { source: join('fixtures/templates', name, 'src', `${name}.ts`), pages, out: join(out, name) }
      return assemblyScriptFlags(job, 'fixtures/assembly')
    })
    await compileEach(compiler ?? '', packageRoot(), flags)
    for (const { name, folder } of compiled) {
      const committed = await readFile(join(folder, `${name}.wasm`))
      t.ok((await readFile(join(out, name))).equals(committed), `${name} (if not: fixtures/templates/build.ts)`)
    }
  },
)

for (const language of ['c', 'rust']) {
  const skip = MISSING[language] ?? false
  test(`the bells in ${language} compile here, and sound as the committed ones`, { skip }, async (t) => {
    const folder = await folderFrom(
      t,
      all.find((template) => template.language === language)!,
      'bell',
    )
    const before = rendered(await preparedIn(folder), 2000)
    const built = await buildGenerator(folder)
    t.deepEqual(built.ok ? [] : built.faults, [])
    t.ok(
      same(rendered(await preparedIn(folder), 2000).samples, before.samples),
      'to the last bit, whatever the version',
    )
  })
}

test('the bells in C and in Rust are the same samples', async (t) => {
  const [c, rust] = await Promise.all(
    ['bell-c', 'bell-rust'].map(async (name) => rendered(await preparedIn(fixture('templates', name)), 4000)),
  )
  t.ok(same(c!.samples, rust!.samples))
})

test('nothing is written over, and names are checked', async (t) => {
  const [template] = all
  const folder = await folderFrom(t, template!)
  const refused = (init: { folder: string; name?: string }): Promise<string> =>
    makeGenerator({ ...init, template: template! }).then(
      () => 'made',
      (error: unknown) => (error instanceof MarmaladeError ? error.code : String(error)),
    )
  const before = (await stat(join(folder, 'generator.json'))).mtimeMs
  t.equal(await refused({ folder }), 'FOLDER_EXISTS')
  t.equal((await stat(join(folder, 'generator.json'))).mtimeMs, before)
  await writeFile(join(folder, 'file'), '')
  t.equal(await refused({ folder: join(folder, 'file') }), 'FOLDER_EXISTS', 'a file')
  t.equal(await refused({ folder: join(folder, 'Not A Name') }), 'NAME_INVALID')
  await mkdir(join(folder, 'empty'))
  t.equal(await refused({ folder: join(folder, 'empty'), name: '808.kit' }), 'made', 'an empty folder will do')
  t.equal(good(openFiles(await readGenerator(join(folder, 'empty')))).manifest.entry, '808.kit.wasm')
})

test('the recording of the template sampler is what its script makes', async (t) => {
  const committed = await readFile(fixture('templates/sampler/sample.wav'))
  const made = makeSample()
  t.equal(committed.length, made.length)
  const view = new DataView(made.buffer)
  let most = 0
  for (let at = 44; at < made.length; at += 2)
    most = Math.max(most, Math.abs(view.getInt16(at, true) - committed.readInt16LE(at)))
  t.ok(most <= 1, 'to a step of 16 bits: sines differ between engines in their last bits')
})
