import { existsSync, readdirSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isName, MarmaladeError } from '../../lib/base/index.ts'
import { packageRoot } from '../../lib/base/node/root.ts'
import { newerSource } from '../../lib/authoring/index.ts'
import { checkArchive, generatorsContract, packGenerator, type Packed } from '../../plugins/generators/index.ts'
import type { Context } from './context.ts'
import { plain } from './words.ts'

/** A folder, or a generator that is shipped, written `@drums`. @throws USAGE */
export function folderOf(text: string): string {
  if (!text.startsWith('@')) return resolve(text)
  const shipped = join(packageRoot(), 'fixtures', 'generators')
  const name = text.slice(1)
  const all = readdirSync(shipped).filter((entry) => existsSync(join(shipped, entry, 'generator.json')))
  if (!isName(name) || !all.includes(name)) {
    throw new MarmaladeError('USAGE', `${text} is not shipped: there are ${all.map((entry) => `@${entry}`).join(' ')}`)
  }
  return join(shipped, name)
}

/**
 * What a folder packs to, or the archive of a generator that a node knows, asked for where there is no such folder.
 * @throws MarmaladeError as `packGenerator` and the node's `fetch` and `locate` do; USAGE where there is neither folder nor node
 */
export async function packedFrom(context: Context, text: string): Promise<Packed> {
  if (text.startsWith('@') && !text.includes(':')) return packGenerator(folderOf(text))
  const found = await stat(resolve(text)).catch(() => undefined)
  if (found) return found.isDirectory() ? packGenerator(text) : checkArchive(await bytesOf(resolve(text)))
  const node = await context.nodeIfRunning(generatorsContract)
  if (!node)
    throw new MarmaladeError(
      'USAGE',
      `there is no folder ${text}, and no node runs that could know a generator of that name`,
    )
  const { archive } = await node.authoring.fetch({ generator: text })
  const { file } = await node.authoring.locate({ archive })
  return checkArchive(await bytesOf(file))
}

/** Says on standard error where a folder's module is older than what it is compiled from. What is shipped is left alone. */
export async function tellOutdated(text: string): Promise<void> {
  if (text.startsWith('@') || !(await stat(resolve(text)).catch(() => undefined))?.isDirectory()) return
  const newer = await newerSource(resolve(text))
  if (newer)
    process.stderr.write(
      `--  ${newer.source} was changed after ${newer.entry} was built: \`generator build ${plain(text)}\` builds it again\n`,
    )
}

const bytesOf = async (file: string): Promise<Uint8Array> => new Uint8Array(await readFile(file))
