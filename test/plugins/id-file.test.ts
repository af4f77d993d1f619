import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { IdFile } from '../../plugins/id-file.ts'
import { MarmaladeError } from '../../lib/base/index.ts'

const isId = (value: unknown): value is string => typeof value === 'string' && value.startsWith('#')
const idsIn = (file: string): IdFile<string> => new IdFile({ file, isId, what: 'numbers', full: 'too many' })
const codeOf = (error: unknown): unknown => (error instanceof MarmaladeError ? error.code : error)

test('ids in a file are there again, and no more than can be told of', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ids-'))
  const file = join(folder, 'ids.json')
  const all = Array.from({ length: 4_096 }, (_, n) => `#${n}`)
  await writeFile(file, JSON.stringify(all))
  const ids = idsIn(file)
  t.equal(await ids.set('#4096', true).catch(codeOf), 'CONFIG_INVALID')
  await ids.set('#7', true)
  t.pass('one that is there already makes them no more')
  await ids.set('#0', false)
  await ids.set('#4096', true)
  t.deepEqual(idsIn(file).list(), ids.list())
  t.equal((JSON.parse(await readFile(file, 'utf8')) as unknown[]).length, 4_096)
  await rm(folder, { recursive: true })
})
