import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import * as z from 'zod'
import { packageRoot } from '../../lib/base/node/root.ts'
import { CONFIG } from '../../lib/store/index.ts'

interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>
  readonly default?: unknown
}

/** Every key of the configuration with its default, `blobs.quota` and the like for keys within keys. */
function* keysOf({ properties = {} }: Shape, before = ''): Generator<[key: string, value: unknown]> {
  for (const [name, shape] of Object.entries(properties)) {
    if (shape.properties) yield* keysOf(shape, `${before}${name}.`)
    else yield [`${before}${name}`, shape.default]
  }
}

/** The rows of the table of settings: several keys of one row share their cells, or have theirs in order, parted by `;`. */
function* rowsOf(document: string): Generator<[key: string, value: string]> {
  const [, table = ''] = /## Settings\n\n([^]*?)\n\n/.exec(document) ?? []
  for (const row of table.split('\n').slice(2)) {
    const [, keys = '', , value = ''] = row.split(/ *(?<!\\)\| */)
    const values = value.split('; ')
    for (const [at, [, key = '']] of [...keys.matchAll(/`([^`]+)`/g)].entries()) yield [key, values[at] ?? value]
  }
}

test('docs/store.md has every setting, with the default that the code has', (t) => {
  const document = readFileSync(join(packageRoot(), 'docs/store.md'), 'utf8')
  const written = new Map(rowsOf(document))
  const known = new Map(keysOf(z.toJSONSchema(CONFIG, { io: 'input', unrepresentable: 'any' }) as Shape))
  t.deepEqual([...written.keys()].sort(), [...known.keys()].sort(), 'the same keys')
  for (const [key, value] of known) {
    const said = (written.get(key) ?? '').replace(/[`,]/g, '')
    if (Array.isArray(value)) t.equal(said, 'none', key)
    else if (value !== undefined) t.equal(said, JSON.stringify(value).replaceAll('"', ''), key)
    else t.notOk(/^\d/.test(said), `${key} has no default of its own`)
  }
  t.end()
})
