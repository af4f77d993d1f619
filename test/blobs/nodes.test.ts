import { writeFileSync } from 'node:fs'
import test from 'tape'
import { concat } from '../../lib/base/index.ts'
import { connectLocal } from '../../lib/host/index.ts'
import { blobsContract } from '../../plugins/blobs/index.ts'
import { bytesOf } from '../helpers/blobs.ts'
import { collect, identityNamed } from '../helpers/chains.ts'
import { Teardown, codeOf } from '../helpers/hosts.ts'
import { dataNode } from '../helpers/nodes.ts'

const [ann, ben, cy] = [identityNamed('ann'), identityNamed('ben'), identityNamed('cy')]

test('blobs over sockets: fetched from a neighbour, and through one from whoever is two links away', async (t) => {
  const teardown = new Teardown()
  const [a, x, b] = [await dataNode(teardown, ann), await dataNode(teardown, ben), await dataNode(teardown, cy)]
  await x.follow(a)
  await b.follow(x)
  const large = bytesOf(20_000_000, 1)
  const near = await x.addBlob(large)
  const far = await b.addBlob(bytesOf(300_000, 2))
  await a.dial(x)
  await x.dial(b)
  const since = performance.now()
  await a.blobs.want(near, { maxBytes: large.length })
  const seconds = (performance.now() - since) / 1000
  t.comment(`${(large.length / 1e6 / seconds).toFixed(0)} MB/s between two nodes in one process, hashed and on disk`)
  await a.blobs.want(far)
  t.deepEqual(concat(await collect(a.blobStore.read(far))), bytesOf(300_000, 2), 'the far one came through X')
  t.ok(await x.blobStore.has(far), 'who keeps a copy')
  await a.blobStore.verify(near)
  await teardown.run()
})

test('blobs over sockets: a stranger gets nothing but what a rule grants', async (t) => {
  const teardown = new Teardown()
  const [a, b] = [await dataNode(teardown, ann), await dataNode(teardown, ben)]
  const open = await b.addBlob(bytesOf(1_000, 3))
  const closed = await b.addBlob(bytesOf(1_000, 4))
  const withdraw = b.blobs.addServing(async (_peer, _role, blob) => (blob === open ? true : undefined))
  await a.dial(b)
  const giveUp = new AbortController()
  const refused = codeOf(a.blobs.want(closed, { signal: giveUp.signal }))
  await a.blobs.want(open)
  t.ok(await a.blobStore.has(open), 'the granted one comes')
  t.notOk(await a.blobStore.has(closed), 'the other, asked for before, has not')
  giveUp.abort()
  t.equal(await refused, 'CANCELLED')
  t.ok(await b.blobs.mayServe(ann.id, 'stranger', open))
  t.notOk(await b.blobs.mayServe(ann.id, 'stranger', closed))
  t.ok(await b.blobs.mayServe(ann.id, 'tracked', closed), 'whom we track may have what he can name')
  b.blobs.addServing(async () => false)
  t.notOk(await b.blobs.mayServe(ann.id, 'tracked', closed), 'unless a rule refuses')
  t.ok(await b.blobs.mayServe(ben.id, 'self', closed), 'we ourselves may in any case')
  withdraw()
  await teardown.run()
})

test('blobs over the local socket: listed and verified, a damaged one by name', async (t) => {
  const teardown = new Teardown()
  const a = await dataNode(teardown, ann)
  const id = await a.addBlob(bytesOf(5_000, 5))
  const local = teardown.add(await connectLocal(a.socketPath), (it) => it.close())
  const { blobs } = local.remote(blobsContract)
  const [row, ...others] = await collect(blobs.list())
  t.deepEqual([row?.blob, row?.size, row?.pinned, others], [id, 5_000, [], []])
  t.ok((row?.usedAt ?? Infinity) <= Date.now() + 1_000)
  t.deepEqual(await collect(blobs.verify()), [{ blob: id, size: 5_000 }])
  writeFileSync(a.blobStore.path(id), bytesOf(5_000, 6))
  t.equal(await codeOf(collect(blobs.verify({ blob: id }))), 'BLOB_CORRUPT')
  t.equal(await codeOf(blobs.link().source[Symbol.asyncIterator]().next()), 'LINK_UNWANTED')
  await teardown.run()
})
