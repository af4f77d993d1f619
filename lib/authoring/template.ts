import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isName, MarmaladeError } from '../base/index.ts'
import { packageRoot } from '../base/node/root.ts'
import { isRefused, MANIFEST_FILE, parseManifest } from '../generators/index.ts'
import type { Language } from './types.ts'

/** What a new folder may begin as. */
export interface Template {
  readonly name: string
  /** `text` where nothing is compiled. */
  readonly language: Language | 'text'
  readonly about: string
  /** Where it lies. */
  readonly folder: string
}

const root = (...path: readonly string[]): string => join(packageRoot(), 'fixtures', ...path)

/** All that are shipped, in the order of their names. A folder's ending says the language where there are several. */
export function templates(): readonly Template[] {
  return readdirSync(root('templates'))
    .sort()
    .map((name) => root('templates', name))
    .filter((folder) => existsSync(join(folder, MANIFEST_FILE)))
    .map(readTemplate)
}

function readTemplate(folder: string): Template {
  const manifest = parseManifest(new Uint8Array(readFileSync(join(folder, MANIFEST_FILE))))
  if (isRefused(manifest)) throw new MarmaladeError('INTERNAL', `${folder}: ${manifest.message}`)
  const [, ending] = /-(c|rust)$/.exec(folder) ?? []
  const compiled = ending === 'c' || ending === 'rust' ? ending : 'as'
  const language = manifest.runtime === 'wasm' ? compiled : 'text'
  return { name: manifest.name, language, about: manifest.about ?? '', folder }
}

export interface NewGenerator {
  /** It may not be there, or must be empty. */
  readonly folder: string
  /** The last part of the folder where it is left out. */
  readonly name?: string
  readonly template: Template
}

/**
 * Makes a generator's folder: the template's files under the new name, what its language needs to build anywhere, and a README.
 * @returns the paths in it, in the order of their names
 * @throws MarmaladeError NAME_INVALID, FOLDER_EXISTS
 */
export async function makeGenerator({ folder, template, name = basename(folder) }: NewGenerator): Promise<string[]> {
  if (!isName(name))
    throw new MarmaladeError(
      'NAME_INVALID',
      `${JSON.stringify(name)} is no name of a generator: 1 to 64 of a-z 0-9 . _ - starting with a letter or digit`,
    )
  const there = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new MarmaladeError('FOLDER_EXISTS', `${folder} is no folder`, { cause: error })
  })
  if (there.length > 0)
    throw new MarmaladeError('FOLDER_EXISTS', `${folder} holds files already: name a folder that is not there yet`)

  const { language } = template
  for (const path of await filesOf(template.folder)) {
    const renamed = join(dirname(path), basename(path).replace(new RegExp(`^${template.name}\\.`), `${name}.`))
    await copy(join(template.folder, path), join(folder, path === 'pattern.txt' ? path : renamed))
  }
  await named(join(folder, MANIFEST_FILE), template.name, name)
  const readme = await readFile(root('templates/readme', `${readmeOf(template)}.md`), 'utf8')
  await writeFile(join(folder, 'README.md'), readme.replaceAll('NAME', name).replaceAll('ABOUT', `${template.about}.`))
  if (language === 'as') await addAssembly(folder)
  if (language === 'c') await copy(root('c/marmalade.h'), join(folder, 'src/marmalade.h'))
  if (language === 'rust') await copy(root('rust/marmalade.rs'), join(folder, 'src/marmalade.rs'))
  // Newer than its sources: it is what they compile to.
  const module = join(folder, `${name}.wasm`)
  const now = new Date()
  if (existsSync(module)) await utimes(module, now, now)
  return filesOf(folder)
}

const readmeOf = ({ name, language }: Template): string => (language === 'text' ? name : language)

/** The library, and what brings compiler and editor. */
async function addAssembly(folder: string): Promise<void> {
  await cp(root('assembly/marmalade'), join(folder, 'assembly/marmalade'), { recursive: true })
  for (const file of ['package.json', 'tsconfig.json']) await copy(root('templates/assembly', file), join(folder, file))
}

/** Its name, and that of its module, in place: the rest of the text stays as somebody wrote it. */
async function named(file: string, before: string, name: string): Promise<void> {
  const text = await readFile(file, 'utf8')
  const fresh = text
    .replace(`"name": "${before}"`, `"name": "${name}"`)
    .replace(`"entry": "${before}.wasm"`, `"entry": "${name}.wasm"`)
  await writeFile(file, fresh)
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await cp(from, to)
}

/** Files below a folder, relative to it. */
async function filesOf(folder: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true })
  return all
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}
