import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromHex } from '../../lib/base/index.ts'
import { packageRoot } from '../../lib/base/node/root.ts'

/** The frames in the vector table of a section of docs/protocol.md, by name. */
export function frameVectors(section: string): Map<string, Uint8Array> {
  const text = readFileSync(join(packageRoot(), 'docs', 'protocol.md'), 'utf8')
  const part = text.split(/^## /m).find((each) => each.startsWith(`${section}\n`)) ?? ''
  const rows = part.matchAll(/^\| `(\w+)` +\| `([0-9a-f ]+)` +\|$/gm)
  return new Map(Array.from(rows, ([, name = '', bytes = '']) => [name, fromHex(bytes.replaceAll(' ', ''))]))
}
