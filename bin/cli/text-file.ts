import { rename, rm, writeFile } from 'node:fs/promises'
import { MarmaladeError } from '../../lib/base/index.ts'

/** Writes a file under another name first, so that there is never half of it. @throws FILE_UNWRITABLE */
export async function writeTextFile(file: string, text: string): Promise<void> {
  try {
    await writeFile(`${file}.part`, text)
    await rename(`${file}.part`, file)
  } catch (cause) {
    await rm(`${file}.part`, { force: true }).catch(() => undefined)
    const message = `${file} cannot be written: see that its folder exists and has room`
    throw new MarmaladeError('FILE_UNWRITABLE', message, { cause })
  }
}
