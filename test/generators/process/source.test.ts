import { spawn } from 'node:child_process'
import test from 'tape'
import type { Said } from '../../../lib/generators/process/lines.ts'
import { ProcessSource } from '../../../lib/generators/process/node/process-source.ts'
import { until } from '../../helpers/until.ts'

function sourceOf(script: string): { source: ProcessSource; said: Said[] } {
  const said: Said[] = []
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
  const onSaid = (line: Said): boolean => said.push(line) > 0
  return {
    source: new ProcessSource({ child, format: 'f32le', pace: 'offline', onSaid, onChange: () => undefined }),
    said,
  }
}

test('a process has ended when all that it said was taken, however much it said before its end', async (t) => {
  const { source, said } = sourceOf(
    'i=0; while [ $i -lt 600 ]; do echo tag n $i; i=$((i+1)); done >&3; printf "log bye" >&3',
  )
  const seen = () => Promise.resolve([source.pull(1), source.ended] as const)
  await until('it has ended', seen, ([, ended]) => ended)
  t.equal(said.filter(({ kind }) => kind === 'tag').length, 600)
  t.deepEqual(said.at(-1), { kind: 'log', text: 'bye' }, 'its last line without an end')
  t.equal(source.failure, undefined)
  await source.close()
})

test('why a process failed is what it said last, even after its output', async (t) => {
  const { source } = sourceOf('exec >&-; echo no luck >&2; exit 3')
  const seen = () => Promise.resolve([source.pull(1), source.ended] as const)
  await until('it has ended', seen, ([, ended]) => ended)
  t.equal(source.failure?.message, 'its process ended with code 3: no luck')
  await source.close()
})
