import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'tape'
import { packageRoot } from '../../lib/base/node/root.ts'
import { assemble, generatorWat } from '../helpers/generators.ts'
import { sineWat } from '../helpers/mix.ts'
import { withNodes } from '../helpers/program-nodes.ts'
import { asked, marmalade } from '../helpers/programs.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

interface Answer {
  readonly fit: boolean
  readonly exact: boolean
  readonly faults: readonly { readonly code: string }[]
  readonly warnings: readonly { readonly code: string }[]
  readonly runs: readonly { readonly samplesSha256: string }[]
  readonly trial: { readonly stop: number }
}
/** A bar of a second. */
const SHORT = ['--bars', '1', '--tempo', '240']

async function folderWith(root: string, name: string, wat: string, manifest: object = {}): Promise<string> {
  const folder = join(root, name)
  await mkdir(folder)
  await writeFile(join(folder, 'x.wasm'), await assemble(wat))
  await writeFile(
    join(folder, 'generator.json'),
    JSON.stringify({ name, runtime: 'wasm', entry: 'x.wasm', ...manifest }),
  )
  return folder
}

test('generator check: no node runs, a table for people, an object for programs, exit code 1 where it is not fit', async (t) => {
  const root = temporaryFolder()
  t.teardown(() => removeFolder(root))
  const home = join(root, 'home')
  const run = (...args: string[]): ReturnType<typeof marmalade> => marmalade(['generator', 'check', ...args], { home })

  const hummed = await folderWith(root, 'hummed', sineWat(), { params: [{ name: 'tone', min: 0, max: 1, default: 0 }] })
  const words = await run(hummed, ...SHORT)
  t.equal(words.code, 0, words.stderr)
  t.match(words.stdout, /^hummed: 1 bar at 240$/m)
  t.match(words.stdout, /^exact +the same 4 times: .*baseline compiler.*optimizing compiler$/m)
  t.match(words.stdout, /^hummed is fit to publish$/m)

  const silent = await run(await folderWith(root, 'silent', generatorWat()), ...SHORT, '--json')
  t.equal(silent.code, 1)
  const answer = JSON.parse(silent.stdout) as Answer
  t.deepEqual([answer.fit, answer.exact, answer.faults.map(({ code }) => code)], [false, true, ['silent']])
  t.equal(answer.runs.length, 4)
  t.equal(answer.trial.stop, 48_000)

  const trapped = await run(await folderWith(root, 'trapped', generatorWat({ process: 'unreachable' })), ...SHORT)
  t.equal(trapped.code, 1)
  t.match(trapped.stdout, /^!! {2}it fails at frame 0 \(bar 1, beat 1\.00\): .*\(GENERATOR_TRAPPED\)$/m)

  const process = await run('@ticks', '--json')
  t.equal(process.code, 0)
  t.deepEqual([(JSON.parse(process.stdout) as Answer).exact, (JSON.parse(process.stdout) as Answer).fit], [false, true])
})

test('generator check: what is wrong is said by code', async (t) => {
  const root = temporaryFolder()
  t.teardown(() => removeFolder(root))
  const home = join(root, 'home')
  const hummed = await folderWith(root, 'hummed', sineWat(), { params: [{ name: 'tone', min: 0, max: 1, default: 0 }] })
  const refused = async (code: string, exit: number, ...args: string[]): Promise<void> => {
    const { code: given, stderr } = await marmalade(['generator', 'check', ...args], { home })
    t.equal(given, exit, args.join(' '))
    t.ok(stderr.includes(`(${code})`), stderr)
  }
  await refused('USAGE', 2, hummed, '--bars', '0')
  await refused('USAGE', 2, hummed, '--bars', '1000')
  await refused('USAGE', 2, hummed, '--tempo', '9')
  await refused('USAGE', 2, hummed, '--param', 'volume=1')
  await refused('USAGE', 2, hummed, '--param', 'tone=2')
  await refused('USAGE', 2, hummed, '--set', 'jam/context=drop')
  await refused('PAYLOAD_INVALID', 1, hummed, '--set', `chord=${'x'.repeat(5_000)}`)
  await refused('USAGE', 2, join(root, 'nowhere'))
  await refused('USAGE', 2, '@nothing')
  await mkdir(join(root, 'empty'))
  await refused('MANIFEST_MISSING', 1, join(root, 'empty'))
})

withNodes(
  'generator check: an archive, and what a node knows by name, are checked as their folder is',
  async (t, nodes) => {
    const ada = await nodes.start('ada')
    await ada.publish('bass')
    const archive = await nodes.place('bass.tgz')
    const packed = await asked<{ readonly size: number }>(['generator', 'pack', '@bass', '--out', archive])
    const check = (what: string): Promise<Answer & { readonly size: number }> =>
      asked(['generator', 'check', what, ...SHORT], { home: ada.home })
    const [byFile, byName, byFolder] = [await check(archive), await check('bass'), await check('@bass')]
    t.equal(byFile.size, packed.size)
    t.deepEqual(byFile.runs, byFolder.runs)
    t.deepEqual(byName.runs, byFolder.runs)
  },
)

test('generator check: docs/generators.md shows what it says of a shipped one', async (t) => {
  const root = temporaryFolder()
  t.teardown(() => removeFolder(root))
  const doc = await readFile(join(packageRoot(), 'docs/generators.md'), 'utf8')
  const shown = /^ {4}\$ marmalade generator check @bass\n((?: {4}.*\n)+)/m.exec(doc)?.[1] ?? ''
  const { code, stdout } = await marmalade(['generator', 'check', '@bass'], { home: join(root, 'home') })
  t.equal(code, 0)
  t.deepEqual(sameEverywhere(stdout), sameEverywhere(shown))
  t.ok(sameEverywhere(shown).length > 10)
})

/** Lines without what belongs to a machine. */
const sameEverywhere = (text: string): string[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !/^(time a block|of one core)/.test(line))
