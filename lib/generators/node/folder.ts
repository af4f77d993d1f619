import { constants } from 'node:fs'
import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MarmaladeError } from '../../base/index.ts'
import { packageRoot } from '../../base/node/root.ts'
import { type ArchiveFile, MAX_BYTES, MAX_FILES } from '../archive/limits.ts'
import { isIgnored } from '../archive/path.ts'
import { MANIFEST_FILE, parseManifest, PLAYER_FILE } from '../manifest.ts'
import { isRefused } from '../refused.ts'

/**
 * The files under a folder as `pack` takes them, dotfiles and node_modules left out.
 * @throws MarmaladeError FOLDER_MISSING, ARCHIVE_ENTRY_REFUSED (a link or device), ARCHIVE_TOO_MANY_FILES, ARCHIVE_TOO_LARGE
 */
export async function readFolder(root: string): Promise<ArchiveFile[]> {
  if (!(await stat(root).catch(() => undefined))?.isDirectory())
    throw new MarmaladeError('FOLDER_MISSING', `there is no folder ${root}: \`generator new\` makes one`)
  const files: ArchiveFile[] = []
  let size = 0
  const pending = ['']
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (isIgnored(path)) continue
      if (entry.isDirectory()) {
        pending.push(path)
        continue
      }
      if (!entry.isFile())
        throw new MarmaladeError(
          'ARCHIVE_ENTRY_REFUSED',
          `${path} is no plain file: an archive holds neither links nor devices`,
        )
      if (files.length === MAX_FILES)
        throw new MarmaladeError('ARCHIVE_TOO_MANY_FILES', `${root} holds more than ${MAX_FILES} files`)
      const file = await readOne(root, path, MAX_BYTES - size)
      size += file.bytes.length
      files.push(file)
    }
  }
  return files
}

/**
 * The files of a generator's folder: where it is a pattern without a player of its own, with the one that is shipped.
 * @throws MarmaladeError with the codes of `readFolder`
 */
export async function readGenerator(root: string): Promise<ArchiveFile[]> {
  const files = await readFolder(root)
  const json = files.find(({ path }) => path === MANIFEST_FILE)
  const manifest = json && parseManifest(json.bytes)
  if (!manifest || isRefused(manifest) || manifest.runtime !== 'pattern') return files
  if (files.some(({ path }) => path === PLAYER_FILE)) return files
  const bytes = new Uint8Array(await readFile(join(packageRoot(), 'fixtures', 'patterns', PLAYER_FILE)))
  return [...files, { path: PLAYER_FILE, bytes, executable: false }]
}

async function readOne(root: string, path: string, most: number): Promise<ArchiveFile> {
  const file = await open(join(root, path), constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const { size, mode } = await file.stat()
    if (size > most)
      throw new MarmaladeError(
        'ARCHIVE_TOO_LARGE',
        `${root} holds more than ${MAX_BYTES} bytes of files, ${path} among them`,
      )
    return { path, bytes: new Uint8Array(await file.readFile()), executable: (mode & constants.S_IXUSR) !== 0 }
  } finally {
    await file.close()
  }
}
