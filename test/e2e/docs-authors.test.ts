import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findAsc } from '../../lib/authoring/index.ts'
import { packageRoot } from '../../lib/base/node/root.ts'
import { runDocument, stepsOf } from '../helpers/doc-commands.ts'
import { Teardown, withTeardown } from '../helpers/hosts.ts'

const pageOf = (name: string): string => readFileSync(join(packageRoot(), 'docs', `${name}.md`), 'utf8')
const lacks = (program: string): boolean => spawnSync(program, ['--version']).error !== undefined
const lacksCompilers = findAsc(packageRoot()) === undefined || lacks('clang') || lacks('wasm-ld')

for (const name of ['generators', 'authoring', 'patterns'])
  withTeardown(
    `docs/${name}.md can be typed as it stands`,
    () => new Teardown(),
    () => [],
    async (t, teardown) => {
      if (lacksCompilers && name !== 'patterns') {
        t.comment('assemblyscript or clang with wasm-ld is not installed')
        return
      }
      const { ran, notRun } = await runDocument(teardown, pageOf(name), {
        // Eight bars, four times, show no more here than one.
        typed: ({ text }) => (text.startsWith('marmalade generator check') ? `${text} --bars 1` : text),
      })
      t.ok(ran.length >= 6, `${ran.length} commands`)
      t.ok(
        ran.some(({ text }) => text.startsWith('marmalade play')),
        'and it plays',
      )
      for (const { line, why } of notRun) t.comment(`line ${line} is not run: ${why}`)
      t.equal(
        stepsOf(pageOf(name)).length,
        ran.length + notRun.length + files(name),
        'every step was done or has its reason',
      )
    },
  )

const files = (name: string): number => stepsOf(pageOf(name)).filter(({ kind }) => kind === 'file').length
