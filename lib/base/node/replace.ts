import { rename, writeFile } from 'node:fs/promises'

/**
 * Writes a small file anew: whoever reads it finds what was there, or all of the text. One at a time for each file.
 * @param mode who may read and write it, less the umask; the owner alone where it is left out
 */
export async function replaceFile(file: string, text: string, mode = 0o600): Promise<void> {
  await writeFile(`${file}.new`, text, { mode })
  await rename(`${file}.new`, file)
}
