import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { type Test } from 'tape'
import { run } from '../../lib/authoring/child.ts'
import { buildGenerator, findAsc, newerSource, type Built } from '../../lib/authoring/index.ts'
import { packageRoot } from '../../lib/base/node/root.ts'
import { fixture } from '../helpers/generators.ts'
import { eventually } from '../helpers/until.ts'

const withoutAsc = findAsc(packageRoot()) === undefined && 'assemblyscript, a devDependency, is not installed'
const withoutClang = spawnSync('wasm-ld', ['--version']).error !== undefined && 'clang with wasm-ld is not installed'

/** A folder with these files, gone with the test. */
async function folderOf(t: Test, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'marmalade-authoring-'))
  t.teardown(() => rm(folder, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}

const manifest = (more: object = {}): string =>
  JSON.stringify({ name: 'it', runtime: 'wasm', entry: 'it.wasm', ...more })
const faultsOf = (built: Built): readonly string[] =>
  built.ok ? [] : built.faults.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`)

const WHOLE = `import { begin, write } from 'marmalade'
export { mm_abi, mm_output } from 'marmalade'
export function mm_init(rate: f32, frames: i32, lo: i32, hi: i32): i32 {
  begin(rate, frames)
  return 0
}
export function mm_process(frames: i32, frame: f64, beat: f64, by: f64, bar: f64, start: f64): i32 {
  for (let i = 0; i < frames; i++) write(i, 0, 0)
  return 0
}
`

test(
  'an AssemblyScript folder is built; a fault has its place, and the last good module stays',
  { skip: withoutAsc },
  async (t) => {
    const folder = await folderOf(t, {
      'generator.json': manifest(),
      'src/it.ts': WHOLE,
      'asconfig.json': '{"options":{"transform":["./run.mjs"]}}',
      'run.mjs': "import { writeFileSync } from 'node:fs'\nwriteFileSync('has-run', '')\nexport default class {}\n",
    })
    const built = await buildGenerator(folder)
    t.deepEqual(faultsOf(built), [])
    t.notOk(existsSync(join(folder, 'has-run')), 'nothing that lies in the folder was run')
    const module = await readFile(join(folder, 'it.wasm'))
    t.ok(module.length > 100)

    await writeFile(join(folder, 'src/it.ts'), WHOLE.replace('return 0', 'const x: f32 = <f64>rate\n  return 0'))
    const broken = await buildGenerator(folder)
    t.deepEqual(faultsOf(broken), [
      "src/it.ts:5:18: AS200: Conversion from type 'f64' to 'f32' requires an explicit cast.",
    ])
    t.ok(!broken.ok && broken.output.includes('FAILURE'), 'with all that the compiler said')
    t.ok((await readFile(join(folder, 'it.wasm'))).equals(module), 'the module is as it was')

    await writeFile(join(folder, 'src/it.ts'), WHOLE.replace('return 0', 'heap.alloc(400000)\n  return 0'))
    const large = await buildGenerator(folder)
    t.deepEqual(faultsOf(large), ['src/it.ts:0:0: it trapped as it starts: unreachable'])
    t.ok(
      !large.ok && large.faults[0]?.hint?.includes('"pages"'),
      'it is started once, and says that memory is too small',
    )
    t.ok((await readFile(join(folder, 'it.wasm'))).equals(module))
  },
)

test('a C folder is built; its linker’s faults are faults', { skip: withoutClang }, async (t) => {
  const text = await readFile(fixture('clapper', 'clapper.c'), 'utf8')
  const folder = await folderOf(t, { 'generator.json': manifest(), 'src/it.c': text })
  t.deepEqual(faultsOf(await buildGenerator(folder)), [])
  await writeFile(join(folder, 'src/it.c'), `double sin(double);\n${text.replace('beat + 1e-9', 'sin(beat)')}`)
  const [fault = ''] = faultsOf(await buildGenerator(folder))
  t.ok(/^src\/it\.c:0:0: .*undefined symbol: sin/.test(fault), fault)
})

test('where nothing is compiled, what is there is checked alone', async (t) => {
  const beat = { 'generator.json': JSON.stringify({ name: 'beat', runtime: 'pattern' }) }
  const good = await folderOf(t, { ...beat, 'pattern.txt': 'kick x...\n' })
  t.deepEqual(faultsOf(await buildGenerator(good)), [])
  const bad = await folderOf(t, { ...beat, 'pattern.txt': 'kick  x... x..q\n' })
  const [fault = ''] = faultsOf(await buildGenerator(bad))
  t.ok(fault.startsWith('pattern.txt:1:15: `q` is no step of kick'), fault)

  const clapper = await folderOf(t, {})
  await cp(fixture('clapper'), clapper, { recursive: true })
  t.deepEqual(faultsOf(await buildGenerator(clapper)), [], 'a module with sources elsewhere')
  t.ok(faultsOf(await buildGenerator(await folderOf(t, {})))[0]?.includes('generator new'), 'an empty folder')
  const shell = await folderOf(t, {
    'generator.json': JSON.stringify({ name: 'hum', runtime: 'process', entry: 'hum' }),
  })
  t.ok(faultsOf(await buildGenerator(shell))[0]?.includes('does not hold'), 'a process without its program')
  const pages = await folderOf(t, { 'generator.json': manifest({ pages: 900 }), 'src/it.ts': '' })
  t.deepEqual(faultsOf(await buildGenerator(pages)), [
    'generator.json:0:0: generator.json: pages is a whole number from 1 to 256',
  ])
})

test('a build that is given up ends its compiler', async (t) => {
  const cwd = await folderOf(t, {})
  const giveUp = new AbortController()
  const args = ['-c', 'echo $$ > began; exec sleep 1000']
  const running = run({ program: 'sh', args, cwd }, giveUp.signal).then(
    () => 'it ended by itself',
    (error: unknown) => (error as { code?: string }).code,
  )
  const pid = await eventually(
    'the compiler runs',
    () => readFile(join(cwd, 'began'), 'utf8').catch(() => ''),
    (text) => text.endsWith('\n'),
  )
  giveUp.abort()
  t.equal(await running, 'CANCELLED')
  const isGone = (): boolean => !existsSync(`/proc/${pid.trim()}`)
  t.ok(await eventually('it has gone', isGone, Boolean), 'its process has gone')
})

test('a source changed after the module was built is told', async (t) => {
  const files = { 'generator.json': manifest(), 'src/it.ts': '', 'src/other.ts': '', 'it.wasm': '' }
  const folder = await folderOf(t, files)
  const newer = async (): Promise<string | undefined> => (await newerSource(folder))?.source
  for (const path of Object.keys(files)) await utimes(join(folder, path), 1000, 1000)
  t.equal(await newer(), undefined)
  await utimes(join(folder, 'src/other.ts'), 1000, 2000)
  t.equal(await newer(), 'src/other.ts')
  await utimes(join(folder, 'it.wasm'), 1000, 3000)
  t.equal(await newer(), undefined, 'until it is built again')
})
