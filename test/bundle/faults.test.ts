import { chmodSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { jamIdOf, name } from '../../lib/base/index.ts'
import { importBundle, verifyHome, writeBundle } from '../../lib/bundle/index.ts'
import { changed, contentOf, emptyHome, exportedJam, flipped, openHomeIn } from '../helpers/bundles.ts'
import { chain, collect, headOfChain, identityNamed, note, rawOf } from '../helpers/chains.ts'
import { codeOf, failureOf, Teardown } from '../helpers/hosts.ts'
import { levelAt } from '../../lib/store/index.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

test('an export that lacks an archive names it and its publisher, before anything is written', async (t) => {
  const down = new Teardown()
  const { ada, ben, jam, archives, folder } = await exportedJam(down)
  await ada.blobs.remove(archives.bass)
  const file = join(folder, 'x.jam')
  const shown = (player: string): string => (player === ben ? 'ben' : 'somebody else')
  const error = (await failureOf(writeBundle({ ...ada, what: { jam }, file, shown }))) as Error & { code: string }
  t.equal(error.code, 'GENERATOR_MISSING')
  t.ok(error.message.includes(archives.bass) && error.message.includes('bass by ben'), error.message)
  t.deepEqual(readdirSync(folder), ['friday.jam'])
  await down.run()
})

test('an export of a damaged archive is refused and leaves nothing', async (t) => {
  const down = new Teardown()
  const { ada, jam, archives, folder } = await exportedJam(down)
  const path = ada.blobs.path(archives.drums)
  chmodSync(path, 0o600)
  changed(path, path, (bytes) => flipped(bytes, 5))
  const error = (await failureOf(writeBundle({ ...ada, what: { jam }, file: join(folder, 'x.jam') }))) as Error & {
    code: string
  }
  t.equal(error.code, 'BLOB_CORRUPT')
  t.ok(error.message.includes(archives.drums), error.message)
  t.deepEqual(readdirSync(folder), ['friday.jam'])
  const { bad, faults } = await verifyHome({ ...ada, all: true })
  t.deepEqual([bad, faults.map(({ code, blob }) => [code, blob])], [1, [['BLOB_CORRUPT', archives.drums]]])
  t.equal((await verifyHome(ada)).bad, 0, 'without --all blobs are not looked at')
  await down.run()
})

test('what cannot be exported, or not there', async (t) => {
  const down = new Teardown()
  const { ada, ben, jam, file, folder } = await exportedJam(down)
  const to = (path: string, what: Parameters<typeof writeBundle>[0]['what'], replace?: boolean) =>
    codeOf(writeBundle({ ...ada, what, file: path, ...(replace !== undefined && { replace }) }))
  const fresh = join(folder, 'fresh.jam')
  t.equal(await to(fresh, { jam: jamIdOf(ben, name('friday')) }), 'JAM_UNKNOWN')
  t.equal(await to(fresh, { jam: jamIdOf(identityNamed('dan').id, name('friday')) }), 'JAM_UNKNOWN')
  t.equal(await to(fresh, { player: identityNamed('dan').id }), 'BUNDLE_EMPTY')
  t.equal(await to(join(folder, 'absent', 'x.jam'), { jam }), 'BUNDLE_WRITE')
  t.equal(await to(folder, { jam }, true), 'BUNDLE_WRITE', 'a folder has that name')
  writeFileSync(file, 'mine')
  t.equal(await to(file, { jam }), 'BUNDLE_EXISTS')
  t.equal(readFileSync(file, 'utf8'), 'mine', 'a file that is there is kept')
  t.notOk(existsSync(fresh))
  t.deepEqual(readdirSync(folder), ['friday.jam'], 'nothing half written is left')
  await writeBundle({ ...ada, what: { jam }, file, replace: true })
  t.notEqual(readFileSync(file, 'utf8'), 'mine', 'unless it may be written over')
  await down.run()
})

test('a feed that is rewritten while it is exported', async (t) => {
  const down = new Teardown()
  const { ada, folder } = await exportedJam(down)
  const dan = identityNamed('dan')
  const old = chain(dan, 40, null)
  const other = chain(dan, 40, null, { from: old[0]!.comparable + 500, payload: () => note('another past') })
  await ada.store.ingest(dan.id, rawOf(old))
  const file = join(folder, 'dan.jam')
  const rewrite = async ({ stage }: { stage: string }): Promise<void> => {
    if (stage === 'reading') await ada.store.ingest(dan.id, rawOf(other), headOfChain(other))
  }
  const init = { ...ada, what: { player: dan.id }, file }
  t.equal(await codeOf(writeBundle({ ...init, onProgress: rewrite })), 'BUNDLE_CHANGED')
  t.deepEqual(readdirSync(folder), ['friday.jam'])
  t.equal((await writeBundle(init)).entries, 40, 'the next one has the new feed')
  await down.run()
})

test('a feed that grows while it is exported ends where the export began', async (t) => {
  const down = new Teardown()
  const { ada, jam, folder, exported } = await exportedJam(down)
  const grow = async ({ stage }: { stage: string }): Promise<void> => {
    if (stage !== 'reading') return
    ada.clock.now += 1_000
    await ada.store.append(note('meanwhile'))
  }
  const file = join(folder, 'grown.jam')
  const grown = await writeBundle({ ...ada, what: { jam }, file, onProgress: grow })
  t.deepEqual([grown.entries, grown.score], [exported.entries, exported.score])
  const cy = await emptyHome(down, 'cy')
  t.deepEqual((await importBundle({ file, ...cy })).apart, [])
  await down.run()
})

test('entries whose own signature fails go along, are counted, and do not count', async (t) => {
  const down = new Teardown()
  const { ada, folder, jam, exported } = await exportedJam(down)
  const dan = identityNamed('dan')
  const play = { type: 'play', jam, at: 0, on: 'bar', instance: 'x' }
  const entries = chain(dan, 3, null, { spoiled: (at) => at === 1, payload: () => play })
  await ada.store.ingest(dan.id, rawOf(entries))
  ada.clock.now += 1_000
  await ada.store.append({ type: 'jam', jam, action: 'admit', identity: dan.id })
  const file = join(folder, 'dan.jam')
  const { unverified, feeds, entries: count } = await writeBundle({ ...ada, what: { jam }, file })
  t.deepEqual([unverified, feeds, count], [1, 3, exported.entries + 4])
  const cy = await emptyHome(down, 'cy')
  const imported = await importBundle({ file, ...cy })
  t.equal(imported.added, count)
  const { bad, faults } = await verifyHome(cy)
  t.deepEqual(
    [bad, faults[0]?.code, faults[0]?.player, faults[0]?.key],
    [1, 'ENTRY_SIGNATURE', dan.id, entries[1]!.key],
  )
  await down.run()
})

test('members of whom nothing is here are named', async (t) => {
  const down = new Teardown()
  const { ada, folder, jam } = await exportedJam(down)
  const dan = identityNamed('dan').id
  ada.clock.now += 1_000
  await ada.store.append({ type: 'jam', jam, action: 'admit', identity: dan })
  const { absent, feeds } = await writeBundle({ ...ada, what: { jam }, file: join(folder, 'dan.jam') })
  t.deepEqual([absent, feeds], [[dan], 2])
  await down.run()
})

test('verify names the player and the entry that were changed on disk', async (t) => {
  const down = new Teardown()
  const folder = down.add(temporaryFolder(), removeFolder)
  const { home, store, identity } = await openHomeIn(folder, 'ada')
  for (let n = 0; n < 3; n++) await store.append(note(`entry ${n}`))
  const [first] = await collect(store.read(identity.id))
  await store.close()
  const db = levelAt(home.db)
  await db.open()
  for await (const [key, value] of db.iterator()) {
    const at = Buffer.from(value).indexOf(first!.bytes)
    if (at < 0) continue
    const bytes = value.slice()
    const last = at + first!.bytes.length - 1
    bytes[last] = (bytes[last] ?? 0) ^ 1
    await db.put(key, bytes)
  }
  await db.close()
  const again = await openHomeIn(folder, 'ada')
  down.add(again.store, (it) => it.close())
  const { bad, faults } = await verifyHome({ ...again, all: true })
  t.ok(bad > 0)
  const signature = faults.find(({ code }) => code === 'ENTRY_SIGNATURE')
  t.deepEqual([signature?.player, signature?.comparable], [identity.id, first!.comparable])
  t.ok(faults.some(({ code }) => code === 'FEED_PARENT'))
  t.deepEqual((await contentOf(again)).heads.length, 1)
  await down.run()
})
