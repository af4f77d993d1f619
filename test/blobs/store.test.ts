import { createHash } from 'node:crypto'
import { readdirSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { MarmaladeError, blobIdOf, concat, fromBase64, hex } from '../../lib/base/index.ts'
import type { BlobId } from '../../lib/base/index.ts'
import { BlobStore } from '../../lib/blobs/index.ts'
import { bytesOf } from '../helpers/blobs.ts'
import { collect } from '../helpers/chains.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

const code = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'none'
  } catch (error) {
    return error instanceof MarmaladeError ? error.code : String(error)
  }
}
const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)

async function withStore(work: (store: BlobStore, folder: string) => Promise<void>): Promise<void> {
  const folder = temporaryFolder()
  await work(await BlobStore.open({ folder, now: () => Date.now() }), folder)
  removeFolder(folder)
}

const EMPTY = '&47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=.sha256' as BlobId

test('blob store: bytes lie under their hash and come back whole and in parts', async (t) => {
  await withStore(async (store, folder) => {
    const bytes = bytesOf(200_000, 1)
    const { id, size } = await store.add([bytes.subarray(0, 70_000), bytes.subarray(70_000)])
    t.equal(size, 200_000)
    const name = hex(fromBase64(id.slice(1, 45)))
    t.equal(store.path(id), join(folder, 'sha256', name.slice(0, 2), name.slice(2)))
    t.deepEqual(concat(await collect(store.read(id))), bytes, 'whole')
    const part = concat(await collect(store.read(id, { offset: 65_530, length: 100_000 })))
    t.deepEqual(part, bytes.subarray(65_530, 165_530), 'a range')
    t.deepEqual(await collect(store.read(id, { offset: 200_000 })), [], 'nothing after the end')
    t.ok(await store.has(id))
    await store.verify(id)
    const copy = await store.addFile(store.path(id))
    t.equal(copy.id, id, 'a file with the same bytes is the same blob')
    t.equal((await store.add([])).id, EMPTY, 'no bytes are a blob too')
    t.deepEqual((await collect(store.list())).map((blob) => blob.size).sort(), [0, 200_000])
    await store.remove(id)
    t.notOk(await store.has(id))
  })
  t.end()
})

test('blob store: what is not what it should be is refused, and nothing of it stays', async (t) => {
  await withStore(async (store, folder) => {
    const { id } = await store.add([bytesOf(1_000, 2)])
    const before = files(folder)
    t.equal(await code(store.add([bytesOf(1_000, 3)], { expected: id })), 'BLOB_HASH_MISMATCH')
    t.equal(await code(store.add([bytesOf(600, 4), bytesOf(600, 5)], { maxBytes: 1_000 })), 'BLOB_TOO_LARGE')
    t.deepEqual(files(folder), before, 'no file is left')
    t.equal(await code(collect(store.read(EMPTY))), 'BLOB_UNKNOWN')
    t.equal(await code(store.verify(EMPTY)), 'BLOB_UNKNOWN')
    t.equal(await code(collect(store.read(id, { offset: -1 }))), 'USAGE')
    t.throws(() => store.path('&../../../etc/passwd.sha256' as BlobId), /no blob id/, 'only ids become paths')
  })
  t.end()
})

test('blob store: a blob that changed on disk is named', async (t) => {
  await withStore(async (store) => {
    const { id } = await store.add([bytesOf(5_000, 6)])
    const damaged = bytesOf(5_000, 6)
    damaged[2_500] = (damaged[2_500] ?? 0) ^ 1
    writeFileSync(store.path(id), damaged)
    const error: unknown = await store.verify(id).catch((thrown: unknown) => thrown)
    t.equal(error instanceof MarmaladeError && error.code, 'BLOB_CORRUPT')
    t.ok(error instanceof MarmaladeError && error.message.includes(id), 'by its id')
    truncateSync(store.path(id), 10)
    t.equal(await code(store.verify(id)), 'BLOB_CORRUPT', 'a short one too')
  })
  t.end()
})

test('blob store: what an earlier run left half written goes, what can be gone on with stays', async (t) => {
  const folder = temporaryFolder()
  const store = await BlobStore.open({ folder, now: () => Date.now() })
  const bytes = bytesOf(100_000, 7)
  const { id } = await store.add([bytes])
  await store.remove(id)
  const cut = await store.partial(id, '9')
  await cut.write(bytes.subarray(0, 60_000))
  await cut.close()
  writeFileSync(join(folder, 'tmp', 'leftover'), 'half')
  const again = await BlobStore.open({ folder, now: () => Date.now() })
  t.deepEqual(readdirSync(join(folder, 'tmp')), [], 'temporary files are gone')
  const rest = await again.partial(id, '9')
  t.equal(rest.size, 60_000, 'the cut transfer is there')
  await rest.write(bytes.subarray(60_000))
  t.equal((await again.keepPartial(rest, id)).id, id, 'and becomes the blob: its start was hashed anew')
  await (await again.partial(EMPTY, '0')).close()
  await BlobStore.open({ folder, now: () => Date.now() + 8 * 24 * 3_600_000 })
  t.deepEqual(readdirSync(join(folder, 'partial')), [], 'after a week it is gone')
  removeFolder(folder)
  t.end()
})

test('blob store: what cut transfers leave is bounded in number and bytes while the store is open, what is open stays', async (t) => {
  const folder = temporaryFolder()
  const store = await BlobStore.open({ folder, now: () => Date.now(), maxBytes: 100_000 })
  const left = () => readdirSync(join(folder, 'partial'))
  const idOf = (seed: number): BlobId => blobIdOf(bytesOf(32, seed))
  const open = await store.partial(idOf(0), '50000')
  await open.write(bytesOf(40_000, 0))
  const cut = async (seed: number, length: number): Promise<void> => {
    const partial = await store.partial(idOf(seed), '90000')
    await partial.write(bytesOf(length, seed))
    await partial.close()
  }
  for (let seed = 1; seed <= 80; seed++) await cut(seed, 100)
  t.equal(left().length, 65, 'sixty-four, and the one that is open')
  for (const name of left()) utimesSync(join(folder, 'partial', name), 1_000, Date.now() / 1_000 - 60)
  for (let seed = 101; seed <= 103; seed++) await cut(seed, 40_000)
  const bytes = left().map((name) => statSync(join(folder, 'partial', name)).size)
  t.deepEqual(
    bytes.sort((a, b) => a - b),
    [40_000, 40_000, 40_000],
    'those written last stay, and the one that is open',
  )
  await open.write(bytesOf(10_000, 1))
  const id = blobIdOf(
    createHash('sha256')
      .update(concat([bytesOf(40_000, 0), bytesOf(10_000, 1)]))
      .digest(),
  )
  t.equal((await store.keepPartial(open, id)).size, 50_000, 'what was open the whole time has all its bytes')
  removeFolder(folder)
  t.end()
})

test('blob store: a folder that cannot be used is said to be so', async (t) => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'blobs'), 'a file, no folder')
  t.equal(await code(BlobStore.open({ folder: join(folder, 'blobs'), now: () => 0 })), 'BLOB_WRITE')
  removeFolder(folder)
  t.end()
})
