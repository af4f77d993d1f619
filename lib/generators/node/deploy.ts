import { constants } from 'node:fs'
import { lstat, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { MarmaladeError } from '../../base/index.ts'
import type { ArchiveFile } from '../archive/limits.ts'
import { pathFault } from '../archive/path.ts'

/**
 * Writes unpacked files under `root`, which is made where it is missing. Nothing that exists is overwritten and no
 * link is followed, so that whoever could write there before cannot lead the files elsewhere.
 * @throws MarmaladeError ARCHIVE_PATH_REFUSED, DEPLOY_BLOCKED
 */
export async function deploy(files: readonly ArchiveFile[], root: string): Promise<void> {
  for (const { path } of files) {
    const fault = pathFault(path)
    if (fault !== undefined)
      throw new MarmaladeError('ARCHIVE_PATH_REFUSED', `the path ${JSON.stringify(path)} ${fault}`)
  }
  await mkdir(root, { recursive: true, mode: 0o700 })
  for (const file of files) await writeOne(root, file)
}

async function writeOne(root: string, file: ArchiveFile): Promise<void> {
  const parts = file.path.split('/')
  for (let n = 1; n < parts.length; n++) await makeFolder(root, parts.slice(0, n).join('/'))
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const handle = await open(join(root, file.path), flags, file.executable ? 0o700 : 0o600).catch((cause: unknown) => {
    throw blocked(file.path, cause)
  })
  try {
    await handle.writeFile(file.bytes)
  } finally {
    await handle.close()
  }
}

async function makeFolder(root: string, path: string): Promise<void> {
  const full = join(root, path)
  try {
    await mkdir(full, { mode: 0o700 })
  } catch (cause) {
    const there = await lstat(full).catch(() => undefined)
    if (!there?.isDirectory()) throw blocked(path, cause)
  }
}

const blocked = (path: string, cause: unknown): MarmaladeError =>
  new MarmaladeError('DEPLOY_BLOCKED', `${path} cannot be written: something stands there already; empty the folder`, {
    cause,
  })
