import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { MarmaladeError } from '../../../base/index.ts'
import { openArchive } from '../../prepare.ts'
import { isRefused } from '../../refused.ts'

/** An archive unpacked on this machine. */
export interface Unpacked {
  readonly folder: string
  /** What lies at its top. */
  readonly names: readonly string[]
}

const PREFIX = 'marmalade-generators-'

/** What names the folders of one node's engines: 16 hexadecimal digits. @param of what is the same for its next engine, and for no other node's */
export const unpackOwner = (...of: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(of)).digest('hex').slice(0, 16)

/**
 * Removes what engines of this owner left that were killed. Only while none of them runs.
 *
 * The folders lie with other temporary files, not in the home: who runs generators for root is nobody, who may not look there.
 */
export async function sweepUnpacked(owner: string): Promise<void> {
  const pattern = new RegExp(`^${PREFIX}${owner}-[A-Za-z0-9]{6}$`)
  for (const name of await readdir(tmpdir())) {
    if (!pattern.test(name)) continue
    const path = join(tmpdir(), name)
    const found = await lstat(path).catch(() => undefined)
    // Anybody may put something of that name there: a link, or a folder of another user.
    if (found?.isDirectory() && found.uid === process.getuid?.()) await rm(path, { recursive: true, force: true })
  }
}

/** Unpacks each archive once, into a folder that goes when it is closed. */
export class Folders {
  readonly #prefix: string
  readonly #archives = new Map<string, Promise<Unpacked>>()
  #base: Promise<string> | undefined

  /** @param owner see `unpackOwner`; left out, whoever is killed leaves its folder */
  constructor(owner?: string) {
    this.#prefix = owner === undefined ? PREFIX : `${PREFIX}${owner}-`
  }

  /** @throws MarmaladeError where the archive is refused, or the file system's own error */
  async unpack(file: string): Promise<Unpacked> {
    const known = this.#archives.get(file)
    if (known) return known
    const made = this.#make(file, this.#archives.size)
    this.#archives.set(file, made)
    return made
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#archives.values())
    if (this.#base) await rm(await this.#base, { recursive: true, force: true })
  }

  async #make(file: string, number: number): Promise<Unpacked> {
    this.#base ??= open(mkdtemp(join(tmpdir(), this.#prefix)))
    const folder = join(await this.#base, String(number))
    const opened = openArchive(new Uint8Array(await readFile(file)))
    if (isRefused(opened)) throw new MarmaladeError(opened.code, opened.message)
    await open(mkdir(folder).then(() => folder))
    for (const { path, bytes, executable } of opened.files) {
      // Paths of an archive were checked as it was unpacked: relative, without `..`.
      for (const parent of parents(path)) {
        await mkdir(join(folder, parent), { recursive: true })
        await open(Promise.resolve(join(folder, parent)))
      }
      await writeFile(join(folder, path), bytes)
      await chmod(join(folder, path), executable || path === opened.entry.path ? 0o755 : 0o644)
    }
    return { folder, names: [...new Set(opened.files.map(({ path }) => path.split('/', 1)[0] ?? path))] }
  }
}

/** Whoever runs the generator may be another user than who unpacked it: nothing in an archive is secret. */
async function open(folder: Promise<string>): Promise<string> {
  await chmod(await folder, 0o755)
  return folder
}

function parents(path: string): string[] {
  const all: string[] = []
  for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) all.unshift(parent)
  return all
}
