import { open, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from './sync-folder.ts'

/**
 * Writes a small file anew: whoever reads it finds what was there, or all of the text, also after the power was cut. On disk once it
 * resolves. One at a time for each file.
 * @param mode who may read and write it, less the umask; the owner alone where it is left out
 */
export async function replaceFile(file: string, text: string, mode = 0o600): Promise<void> {
  const fresh = await open(`${file}.new`, 'w', mode)
  try {
    await fresh.writeFile(text)
    await fresh.sync()
  } finally {
    await fresh.close()
  }
  await rename(`${file}.new`, file)
  await syncFolder(dirname(file))
}

/** The same of what can be made again from the store: it is not waited for the disk, and a power cut may leave it empty. */
export async function replaceView(file: string, text: string, mode = 0o600): Promise<void> {
  await writeFile(`${file}.new`, text, { mode })
  await rename(`${file}.new`, file)
}
