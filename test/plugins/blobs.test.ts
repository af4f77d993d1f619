import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { isName, jamIdOf, refOf, type BlobId, type JamId, type PlayerId } from '../../lib/base/index.ts'
import { namedIn, pinsOf } from '../../plugins/blobs/index.ts'
import { bytesOf } from '../helpers/blobs.ts'
import { chain, collect, identityNamed, rawOf } from '../helpers/chains.ts'
import { Teardown, codeOf } from '../helpers/hosts.ts'
import { dataNode } from '../helpers/nodes.ts'

const [ann, ben] = [identityNamed('ann'), identityNamed('ben')]
const jamOf = (player: PlayerId, name: string): JamId => {
  if (!isName(name)) throw new Error(name)
  return jamIdOf(player, name)
}

test('pinned: what tracked feeds name, plays of joined jams, and takes', async (t) => {
  const teardown = new Teardown()
  const node = await dataNode(teardown, ann)
  const takes = await teardown.folder()
  const blobs: BlobId[] = []
  for (let seed = 0; seed < 7; seed++) blobs.push(await node.addBlob(bytesOf(100, seed)))
  const [archive, picture, image, part, played, once] = blobs
  await node.feeds.publish({ type: 'generator', name: 'drums', archive, size: 100, runtime: 'wasm' })
  await node.feeds.publish({ type: 'identification', name: 'Ann', image: picture })
  await node.feeds.publish({ type: 'image', blob: image, mime: 'image/png', size: 100 })
  await node.feeds.publish({ type: 'collection', blobs: [{ blob: part, mime: 'audio/wav', size: 100 }] })
  const [mine, other] = [jamOf(ann.id, 'friday'), jamOf(ben.id, 'monday')]
  await node.feeds.publish({ type: 'jam', jam: mine, action: 'start', tempo: 120, meter: '4/4', engine: 0 })
  const playIn = (jam: JamId, what: BlobId | undefined) =>
    node.feeds.publish({
      type: 'play',
      jam,
      at: 0,
      on: 'bar',
      generator: `${ann.id}:drums`,
      archive: what,
      instance: 'drums',
    })
  await playIn(mine, played)
  const { key } = await playIn(other, once)
  const counts = (player: PlayerId): boolean => player === ann.id
  const named = async (): Promise<Map<BlobId | undefined, string>> => {
    const pins = await collect(pinsOf({ store: node.store, takes, counts, shown: () => 'ann' }))
    return new Map(pins.map((pin) => [pin.blob, pin.why]))
  }
  const before = await named()
  const says: unknown[] = []
  for await (const entry of node.store.read(ann.id)) says.push(...namedIn(entry))
  t.deepEqual(says, blobs.slice(0, 6), 'each is named by its entry')
  t.equal(before.get(archive), 'drums of ann')
  t.equal(before.get(picture), 'picture of ann')
  t.equal(before.get(image), 'image of ann')
  t.equal(before.get(part), 'collection of ann')
  t.equal(before.get(played), 'played in friday')
  t.notOk(before.has(once), 'a play in a jam that was not joined pins nothing')
  mkdirSync(join(takes, 'x:monday'))
  const line = JSON.stringify({ kind: 'started', frame: 0, path: `${refOf(ann.id)}/drums/drums`, key })
  writeFileSync(join(takes, 'x:monday', '1.take'), `{"kind":"take"}\nno json "started"\n${line}\n`)
  t.equal((await named()).get(once), 'take 1.take')
  await node.store.own.rebase(new Set([key]))
  const [forged] = blobs.slice(-1)
  const play = { type: 'play', jam: other, at: 0, on: 'bar', generator: `${ben.id}:drums`, instance: 'x' }
  const payload = { type: 'again', key, comparable: 1, payload: { ...play, archive: forged } } as const
  await node.store.ingest(ben.id, rawOf(chain(ben, 1, null, { payload: () => payload })))
  t.notOk((await named()).has(forged), 'who publishes something else by its key pins nothing')
  await teardown.run()
})

test('the owner manages blobs over the local socket', async (t) => {
  const teardown = new Teardown()
  const [a, b] = [await dataNode(teardown, ann, { quota: 10_000 }), await dataNode(teardown, ben)]
  await b.follow(a)
  await a.dial(b)
  const { blobs } = await a.local()
  const file = join(await teardown.folder(), 'cover.png')
  writeFileSync(file, bytesOf(6_000, 1))
  const added = await blobs.add({ file })
  t.equal(added.size, 6_000)
  t.equal(await codeOf(blobs.add({ file: `${file}.no` })), 'BLOB_FILE')
  t.equal(await codeOf(blobs.add({ file: 'cover.png' })), 'BLOB_FILE')
  const far = await b.addBlob(bytesOf(3_000, 2))
  const last = (await collect(blobs.fetch({ blob: far }))).at(-1)
  t.ok(last?.kind === 'here' && last.size === 3_000 && last.file === a.blobStore.path(far), 'fetched from a peer')
  t.deepEqual(await blobs.usage(), { blobs: 2, bytes: 9_000, quota: 10_000 })
  const room = await a.blobs.reserve(added.blob, 1_000)
  t.ok(room, 'there is room for a little')
  t.notOk(await a.blobs.reserve(far, 1), 'but for no more: both are young')
  room?.release()
  const long = new Date(Date.now() - 3_600_000)
  for (const blob of [added.blob, far]) utimesSync(a.blobStore.path(blob), long, long)
  const dry = await blobs.collect({ dryRun: true })
  t.deepEqual([dry.removed, dry.pinned, dry.bytes], [0, 1, 9_000], 'below the quota nothing has to go')
  const more = await a.addBlob(bytesOf(3_000, 3))
  t.deepEqual((await blobs.collect({})).ids, [far], 'above it what nobody needs')
  const pinned = async (): Promise<Map<BlobId, readonly string[]>> =>
    new Map((await collect(blobs.list())).map((row) => [row.blob, row.pinned]))
  t.deepEqual((await pinned()).get(added.blob), ['by hand'])
  t.deepEqual((await pinned()).get(more), [])
  await blobs.unpin({ blob: added.blob })
  await blobs.pin({ blob: more })
  t.deepEqual((await pinned()).get(added.blob), [])
  t.deepEqual((await pinned()).get(more), ['by hand'])
  t.equal((await blobs.remove({ blob: more })).size, 3_000)
  t.equal(await codeOf(blobs.remove({ blob: more })), 'BLOB_UNKNOWN')
  t.deepEqual([...(await pinned()).keys()], [added.blob])
  await teardown.run()
})

test('a blob that is being read for a peer is not taken away', async (t) => {
  const teardown = new Teardown()
  const [a, b] = [await dataNode(teardown, ann), await dataNode(teardown, ben)]
  await a.follow(b)
  const id = await a.addBlob(bytesOf(2_000, 4))
  await a.dial(b)
  await b.blobs.want(id)
  const { blobs } = await a.local()
  t.equal(await codeOf(blobs.remove({ blob: id })), 'BLOB_IN_USE', 'its file is still open')
  const items = await collect(blobs.fetch({ blob: id, maxBytes: 0 }))
  t.equal(items.at(-1)?.kind, 'here', 'what is here is here')
  await teardown.run()
})
