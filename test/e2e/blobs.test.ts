import { createHash } from 'node:crypto'
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { blobIdOf, hex, rawId, type BlobId } from '../../lib/base/index.ts'
import type { BlobRow, BlobsCollected } from '../../plugins/blobs/index.ts'
import { bytesOf } from '../helpers/blobs.ts'
import { meet, withNodes, type Nodes } from '../helpers/program-nodes.ts'
import { asked, marmalade, type Ran } from '../helpers/programs.ts'
import { eventually } from '../helpers/until.ts'

const idOf = (length: number, seed: number): BlobId =>
  blobIdOf(createHash('sha256').update(bytesOf(length, seed)).digest())
const NOWHERE = idOf(32, 999)

interface Blob {
  readonly blob: BlobId
  readonly size: number
}
interface Got extends Blob {
  readonly file: string
}

/** A home with a quota, its configuration alone. */
async function homeOf(nodes: Nodes, name: string, blobs: Readonly<Record<string, number>>): Promise<string> {
  const home = await nodes.place(name)
  await mkdir(home)
  await writeFile(join(home, 'config.json'), JSON.stringify({ blobs }))
  return home
}

async function fileOf(nodes: Nodes, length: number, seed: number): Promise<string> {
  const file = await nodes.place(`${seed}.bin`)
  await writeFile(file, bytesOf(length, seed))
  return file
}

/** As if a blob had been used last so many hours ago. */
async function unused(home: string, blob: BlobId, hours: number): Promise<void> {
  const hash = hex(rawId(blob))
  const at = Date.now() / 1000 - hours * 3_600
  await utimes(join(home, 'blobs', 'sha256', hash.slice(0, 2), hash.slice(2)), at, at)
}

const ended = ({ code, stderr }: Ran): [number, string, number] => [
  code,
  /[A-Z]+(_[A-Z]+)+|USAGE/.exec(stderr)?.[0] ?? '',
  stderr.trim().split('\n').length,
]

withNodes('the commands of blobs with no node running', async (t, nodes) => {
  const home = await homeOf(nodes, 'ada', { quota: 5_000 })
  const run = (...args: string[]): Promise<Ran> => marmalade(['blobs', ...args], { home })
  const ask = <T>(...args: string[]): Promise<T> => asked<T>(['blobs', ...args], { home })
  const added: BlobId[] = []
  for (const seed of [1, 2, 3]) {
    const { blob, size } = await ask<Blob>('add', await fileOf(nodes, 2_000, seed))
    t.deepEqual([blob, size], [idOf(2_000, seed), 2_000])
    added.push(blob)
  }
  const [first, second, third] = added as [BlobId, BlobId, BlobId]
  for (const [at, blob] of added.entries()) await unused(home, blob, 9 - at)
  t.equal((await ask<BlobsCollected>('gc')).removed, 0, 'what was added by hand stays above the quota')
  for (const blob of [first, second]) await ask('unpin', blob)
  await ask('pin', first.slice(1, 9))
  const dry = await run('gc', '--dry-run')
  t.equal(dry.stdout, `3 blobs, 5.9 KiB, quota 4.9 KiB; 2 needed, 3.9 KiB\n1 blob would go, 2.0 KiB\n${second}\n`)
  const { removed, removedBytes, ids, quota } = await ask<BlobsCollected>('gc')
  t.deepEqual([removed, removedBytes, ids, quota], [1, 2_000, [second], 5_000])
  const rows = await ask<BlobRow[]>('list')
  t.deepEqual(
    rows.map(({ blob, size, pinned }) => [blob, size, pinned]),
    [first, third].sort((a, b) => (hex(rawId(a)) < hex(rawId(b)) ? -1 : 1)).map((blob) => [blob, 2_000, ['by hand']]),
  )
  t.match(
    (await run('list')).stdout,
    /^blob +size +used +needed by\n(\S{8} +2\.0 KiB +\d h ago +by hand\n){2}2 blobs, 3\.9 KiB\n$/,
  )

  const out = await nodes.place('copy.bin')
  t.equal((await ask<Got>('get', first.slice(1, 9), '--out', out)).file, out)
  t.deepEqual(new Uint8Array(await readFile(out)), bytesOf(2_000, 1))
  t.equal((await ask<Blob>('rm', first)).size, 2_000)
  for (const gone of [first, first.slice(1, 9)]) t.deepEqual(ended(await run('rm', gone)), [1, 'BLOB_UNKNOWN', 1])
  t.deepEqual(ended(await run('get', NOWHERE)), [1, 'BLOB_UNKNOWN', 1])
  t.deepEqual(ended(await run('get', third, '--out', join(out, 'no'))), [1, 'BLOB_FILE', 1])
  t.deepEqual(ended(await run('add', await nodes.place('none'))), [1, 'BLOB_FILE', 1])
  for (const verb of ['get', 'pin', 'unpin', 'rm'])
    t.deepEqual([verb, ...ended(await run(verb, '../../etc'))], [verb, 2, 'USAGE', 1])
  t.match((await run('gc', '--help')).stdout, /blobs gc --dry-run/)
})

withNodes('the commands of blobs over two nodes: one gets what the other added', async (t, nodes) => {
  const [ada, ben] = await Promise.all([
    nodes.start('ada'),
    nodes.start('ben', { home: await homeOf(nodes, 'ben', { maxBytes: 10_000, quota: 40_000 }) }),
  ])
  await meet(ada, ben)
  const run = (...args: string[]): Promise<Ran> => marmalade(['blobs', ...args], { home: ben.home })
  const ask = <T>(...args: string[]): Promise<T> => asked<T>(['blobs', ...args], { home: ben.home })
  const add = async (length: number, seed: number): Promise<BlobId> =>
    (await asked<Blob>(['blobs', 'add', await fileOf(nodes, length, seed)], { home: ada.home })).blob
  const small = await add(8_000, 11)
  const large = await add(30_000, 12)
  const out = await nodes.place('small.bin')
  const got = await ask<Got>('get', small, '--out', out)
  t.deepEqual([got.size, got.file], [8_000, out])
  t.deepEqual(new Uint8Array(await readFile(out)), bytesOf(8_000, 11))
  t.deepEqual(ended(await run('get', large)), [1, 'BLOB_TOO_LARGE', 1])
  t.deepEqual(ended(await run('get', large, '--max-bytes', '29999')), [1, 'BLOB_TOO_LARGE', 1])
  t.equal((await ask<Got>('get', large, '--max-bytes', '30000')).size, 30_000)
  t.deepEqual(ended(await run('get', NOWHERE, '--wait', '1')), [1, 'BLOB_UNAVAILABLE', 1])
  t.deepEqual(ended(await run('get', NOWHERE, '--wait', 'long')), [2, 'USAGE', 1])

  const mine = (await ask<Blob>('add', await fileOf(nodes, 7_000, 13))).blob
  await ask('pin', small)
  const pinned = async (): Promise<Record<BlobId, readonly string[]>> =>
    Object.fromEntries((await ask<BlobRow[]>('list')).map((row) => [row.blob, row.pinned]))
  t.deepEqual(await pinned(), { [small]: ['by hand'], [large]: [], [mine]: ['by hand'] })
  await ask('unpin', mine)
  for (const [blob, hours] of [
    [mine, 9],
    [large, 5],
  ] as const)
    await unused(ben.home, blob, hours)
  const { ids, blobs, pinnedBytes } = await ask<BlobsCollected>('gc')
  t.deepEqual([ids, blobs, pinnedBytes], [[mine], 3, 8_000], 'used longest ago first, until the quota holds')
  t.equal((await ask<Blob>('rm', large)).size, 30_000)
  t.deepEqual(await pinned(), { [small]: ['by hand'] })
  t.equal((await ask<Got>('get', large, '--max-bytes', '30000')).size, 30_000, 'what was removed comes again')
  await eventually(
    'the other is done with the file',
    () => marmalade(['blobs', 'rm', small], { home: ada.home }),
    ({ code }) => code === 0,
  )
})
