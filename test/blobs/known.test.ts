import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'tape'
import { blobIdOf } from '../../lib/base/index.ts'
import type { BlobId } from '../../lib/base/index.ts'
import { BlobStore } from '../../lib/blobs/index.ts'
import { BlobFiles } from '../../lib/blobs/files.ts'
import { KnownBlobs } from '../../lib/blobs/known.ts'
import { bytesOf } from '../helpers/blobs.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

/** Ids of one folder. */
const idAt = (number: number): BlobId => {
  const raw = new Uint8Array(32).fill(7)
  raw[31] = number
  return blobIdOf(raw)
}

/** A folder of blobs that has some, each of one byte. */
function folderOf(...ids: readonly BlobId[]): { folder: string; files: BlobFiles } {
  const folder = temporaryFolder()
  const files = new BlobFiles(folder)
  for (const id of ids) {
    mkdirSync(dirname(files.pathOf(id)), { recursive: true })
    writeFileSync(files.pathOf(id), 'x')
  }
  return { folder, files }
}

/** What comes of work before any file, timer or socket has its turn; undefined where it takes longer. */
async function atOnce<T>(work: Promise<T>): Promise<{ readonly value: T } | undefined> {
  const found: { readonly value: T }[] = []
  const done = work.then((value) => found.push({ value }))
  for (let turns = 0; turns < 100 && found.length === 0; turns++) await Promise.resolve()
  const [result] = found
  await done
  return result
}

test('blob store: whether a blob is not here costs no look at the disk, once its folder has been read', async (t) => {
  const { folder } = folderOf(idAt(1))
  const store = await BlobStore.open({ folder, now: () => Date.now() })
  t.equal(await atOnce(store.size(idAt(2))), undefined, 'the first time it does')
  t.deepEqual(await atOnce(store.size(idAt(3))), { value: undefined })
  t.deepEqual(await atOnce(store.has(idAt(4))), { value: false })
  t.equal(await store.size(idAt(1)), 1, 'what was there before is')
  removeFolder(folder)
})

test('blob store: what comes and goes is known, also by the same name again', async (t) => {
  const { folder } = folderOf()
  const store = await BlobStore.open({ folder, now: () => Date.now() })
  const bytes = bytesOf(1_000, 1)
  const { id } = await store.add([bytes])
  await store.remove(id)
  t.notOk(await store.has(id))
  t.deepEqual(await atOnce(store.has(id)), { value: false }, 'it is known to be gone')
  const seen: (number | undefined)[] = []
  const told = new Promise<void>((resolve) =>
    store.onAdd(() => resolve(store.size(id).then((size) => void seen.push(size)))),
  )
  await store.add([bytes])
  await told
  t.deepEqual(seen, [1_000], 'here when its coming is told')
  await store.remove(id)
  t.notOk(await store.has(id))
  removeFolder(folder)
})

test('known blobs: what comes while its folder is read is not missed', async (t) => {
  const { folder, files } = folderOf(idAt(1))
  const known = new KnownBlobs(files)
  const asked = [known.mayHave(idAt(1)), known.mayHave(idAt(2)), known.mayHave(idAt(3))]
  known.add(idAt(2))
  t.deepEqual(await Promise.all(asked), [true, true, false])
  removeFolder(folder)
})

test('known blobs: a folder that does not fit in memory is looked at each time', async (t) => {
  const { folder, files } = folderOf(idAt(1), idAt(2), idAt(3))
  const narrow = new KnownBlobs(files, 2)
  t.ok(await narrow.mayHave(idAt(9)))
  narrow.delete(idAt(1))
  narrow.add(idAt(4))
  t.deepEqual(await Promise.all([1, 4, 9].map((number) => narrow.mayHave(idAt(number)))), [true, true, true])
  const wide = new KnownBlobs(files, 3)
  t.notOk(await wide.mayHave(idAt(9)))
  wide.add(idAt(4))
  t.ok(await wide.mayHave(idAt(9)), 'also once too many have come')
  removeFolder(folder)
})
