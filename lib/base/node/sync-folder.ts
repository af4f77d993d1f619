import { open } from 'node:fs/promises'

/** Waits until the names in a folder are on disk: a rename is once its folder is. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
