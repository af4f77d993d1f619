import { readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findAsc, templates } from '../../lib/authoring/index.ts'
import { packageRoot } from '../../lib/base/node/root.ts'
import { Teardown, withTeardown } from '../helpers/hosts.ts'
import { asked, marmalade } from '../helpers/programs.ts'

interface Checked {
  readonly fit: boolean
  readonly exact: boolean
  readonly sounded: boolean
  readonly warnings: readonly unknown[]
}

withTeardown(
  'a new generator is fit to publish, is built again, and says where it is wrong',
  () => new Teardown(),
  () => [],
  async (t, teardown) => {
    const home = await teardown.folder()
    const cwd = await teardown.folder()
    const init = { home, cwd }
    const listed = await marmalade(['generator', 'new'], init)
    for (const { name } of templates()) t.ok(listed.stdout.includes(`\n${name} `), `${name} is listed`)

    const made = await marmalade(['generator', 'new', 'low', '--template', 'bass'], init)
    t.equal(made.code, 0, made.stderr)
    t.ok(made.stdout.includes('marmalade generator check low'), made.stdout)
    const checked = await asked<Checked>(['generator', 'check', 'low', '--bars', '2'], init)
    t.ok(checked.fit && checked.exact && checked.sounded, 'fit, exact, audible')
    t.deepEqual(checked.warnings, [], 'and nothing to advise')

    const again = await marmalade(['generator', 'new', 'low'], init)
    t.deepEqual([again.code, again.stderr.includes('FOLDER_EXISTS')], [1, true], again.stderr)
    const wrong = await marmalade(['generator', 'new', 'x', '--template', 'drum', '--lang', 'c'], init)
    t.deepEqual([wrong.code, wrong.stderr.includes('there are bell')], [2, true], wrong.stderr)

    if (findAsc(packageRoot()) === undefined) {
      t.comment('assemblyscript, a devDependency, is not installed')
      return
    }
    const source = join(cwd, 'low/src/low.ts')
    const text = await readFile(source, 'utf8')
    await writeFile(source, text.replace('private phase: f64 = 0', 'private phase: f32 = 0'))
    const broken = await marmalade(['generator', 'build', 'low'], init)
    t.equal(broken.code, 1)
    t.ok(/^src\/low\.ts:\d+:\d+: AS200: .*\n {4}compute in f64/.test(broken.stdout), broken.stdout)
    const line = text.split('\n').findIndex((one) => one.includes('this.phase = turn(')) + 1
    t.ok(broken.stdout.includes(`src/low.ts:${line}:`), 'in the line that is at fault')
    // Later than the module, whatever the clock of files counts in.
    const later = new Date(Date.now() + 5000)
    await utimes(source, later, later)
    const packed = await marmalade(['generator', 'pack', 'low'], init)
    t.equal(packed.code, 0)
    t.ok(packed.stderr.includes('src/low.ts was changed after low.wasm was built'), packed.stderr)
  },
)
