import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { fromUtf8, refusal, type Refusal } from '../base/index.ts'
import { isRefused, MANIFEST_FILE, parseManifest, type ArchiveFile, type Manifest } from '../generators/index.ts'
import { readFolder } from '../generators/node/folder.ts'
import type { BuildPlan, Language } from './types.ts'

/** In the order in which they are looked for. */
const ENDINGS: readonly (readonly [Language, ending: string])[] = [
  ['as', 'ts'],
  ['c', 'c'],
  ['rust', 'rs'],
]
const DEFAULT_PAGES = 4
const MAX_PAGES = 256

/** What `generator.json` says to the build alone. */
const asked = z.object({ pages: z.number().int().min(1).max(MAX_PAGES).default(DEFAULT_PAGES) })

/**
 * How a generator is built, by its sources; undefined where nothing is to be compiled: a pattern, a process, a module alone. Code:
 * MANIFEST_INVALID where its `pages` are none.
 */
function planOf(files: readonly ArchiveFile[], manifest: Manifest): BuildPlan | Refusal | undefined {
  const { runtime, entry } = manifest
  if (runtime !== 'wasm' || entry === undefined) return undefined
  const name = basename(entry).replace(/\.wasm$/, '')
  for (const [language, ending] of ENDINGS) {
    const source = `src/${name}.${ending}`
    if (!files.some(({ path }) => path === source)) continue
    const pages = pagesOf(files)
    return typeof pages === 'number' ? { language, source, entry, pages } : pages
  }
  return undefined
}

function pagesOf(files: readonly ArchiveFile[]): number | Refusal {
  const json = files.find(({ path }) => path === MANIFEST_FILE)
  const said = asked.safeParse(json && JSON.parse(fromUtf8(json.bytes)))
  if (said.success) return said.data.pages
  return refusal('MANIFEST_INVALID', `${MANIFEST_FILE}: pages is a whole number from 1 to ${MAX_PAGES}`)
}

/** Whether a file is a source that a module could have been compiled from. */
export const isSource = (path: string): boolean => /\.(ts|c|h|rs)$/.test(path)

/** What is to be compiled; where nothing is, the file that is at fault where something is. Codes: MANIFEST_MISSING, MANIFEST_INVALID. */
export function planIn(files: readonly ArchiveFile[]): BuildPlan | Refusal | { readonly entry: string } {
  const json = files.find(({ path }) => path === MANIFEST_FILE)
  if (!json)
    return refusal('MANIFEST_MISSING', `there is no ${MANIFEST_FILE}: \`generator new\` makes a folder with one`)
  const manifest = parseManifest(json.bytes)
  return isRefused(manifest) ? manifest : (planOf(files, manifest) ?? { entry: manifest.entry ?? MANIFEST_FILE })
}

/** Times of files that were copied or unpacked together lie as far apart as this, and no author is that fast. */
const TOGETHER_MILLIS = 1000

/**
 * The source that was changed after the module was built, by the times of the files, and the module; undefined where none was, and where
 * nothing is compiled.
 * @throws MarmaladeError with the codes of `readFolder`
 */
export async function newerSource(folder: string): Promise<Pick<BuildPlan, 'source' | 'entry'> | undefined> {
  const files = await readFolder(folder)
  const plan = planIn(files)
  if (!('language' in plan)) return undefined
  const { entry } = plan
  const built = await changed(join(folder, entry))
  if (built === undefined) return undefined
  for (const { path } of files) {
    const at = isSource(path) ? await changed(join(folder, path)) : undefined
    if (at !== undefined && at > built + TOGETHER_MILLIS) return { source: path, entry }
  }
  return undefined
}

const changed = async (file: string): Promise<number | undefined> => (await stat(file).catch(() => undefined))?.mtimeMs
