import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { replaceFile } from '../../../lib/base/node/replace.ts'

/** Calls back before each file or folder that is synced meanwhile, by Node's own file handles. */
async function whileWatching(before: (handle: FileHandle) => Promise<void>, work: () => Promise<void>): Promise<void> {
  const some = await open(tmpdir(), 'r')
  const handles = Object.getPrototypeOf(some) as FileHandle
  await some.close()
  const real = Object.getOwnPropertyDescriptor(handles, 'sync') as TypedPropertyDescriptor<FileHandle['sync']>
  handles.sync = async function sync(this: FileHandle): Promise<void> {
    await before(this)
    await real.value?.call(this)
  }
  try {
    await work()
  } finally {
    Object.defineProperty(handles, 'sync', real)
  }
}

test('a file that is replaced is on disk before it has its name, and then its folder is', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'replace-'))
  const file = join(folder, 'ids.json')
  await writeFile(file, 'old')
  const synced: { readonly ino: number; readonly stands: string }[] = []
  await whileWatching(
    async (handle) => void synced.push({ ino: (await handle.stat()).ino, stands: await readFile(file, 'utf8') }),
    () => replaceFile(file, 'new'),
  )
  t.deepEqual(synced, [
    { ino: (await stat(file)).ino, stands: 'old' },
    { ino: (await stat(folder)).ino, stands: 'new' },
  ])
  t.equal((await stat(file)).mode & 0o777, 0o600, 'its owner alone reads it')
  await rm(folder, { recursive: true })
})
