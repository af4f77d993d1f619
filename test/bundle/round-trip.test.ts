import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { hex, jamIdOf, name, refOf, rawId } from '../../lib/base/index.ts'
import { checkBundle, copyBlobs, importBundle, openBundle, verifyHome, writeBundle } from '../../lib/bundle/index.ts'
import { buildScore, forkPoint, Ledger, scoreHash } from '../../lib/jam/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { LiveJam } from '../../plugins/jams/index.ts'
import { contentOf, emptyHome, exportedJam, twoPlayerJam } from '../helpers/bundles.ts'
import { chain, collect, identityNamed, note, rawOf } from '../helpers/chains.ts'
import { codeOf, Teardown } from '../helpers/hosts.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'
import { readWithTarStream } from '../helpers/tar.ts'

test('a jam with two players comes back from its bundle: the same feeds, archives and score', async (t) => {
  const down = new Teardown()
  const { file, exported, jam, ada, archives, others } = await exportedJam(down)
  t.equal(exported.feeds, 2)
  t.equal(exported.others, others, 'what is not of the jam is counted')
  t.equal(exported.blobs, 2, 'the archive that nobody plays stays behind')
  t.deepEqual([exported.unverified, exported.absent, exported.lacking], [0, [], []])
  t.equal(exported.bytes, readFileSync(file).length)

  const cy = await emptyHome(down, 'cy')
  const imported = await importBundle({ file, store: cy.store, blobs: cy.blobs })
  t.deepEqual(
    [imported.feeds, imported.entries, imported.added, imported.blobs, imported.blobsAdded, imported.apart],
    [2, exported.entries, exported.entries, 2, 2, []],
  )
  const there = await contentOf(cy)
  t.deepEqual(there.heads, (await contentOf(ada)).heads)
  t.deepEqual([...there.blobs].sort(), [archives.bass, archives.drums].sort())
  const entries = [...(await collect(cy.store.byJam(jam))), ...(await collect(cy.store.byType('generator')))]
  const score = buildScore(jam, entries)
  t.equal(hex(scoreHash(score, (bytes) => nodeCrypto.sha256(bytes))), exported.score, 'the same score')
  t.equal(score.plays.length, 2, 'both play')
  const { bad, blobs } = await verifyHome({ ...cy, all: true })
  t.deepEqual([bad, blobs], [0, 2])

  const again = await importBundle({ file, store: cy.store, blobs: cy.blobs })
  t.deepEqual([again.added, again.blobsAdded, again.apart], [0, 0, []], 'a second time brings nothing new')
  await down.run()
})

test('the same entries give the same bundle, from whichever home; nothing else is left beside it', async (t) => {
  const down = new Teardown()
  const { file, folder, jam } = await exportedJam(down)
  const cy = await emptyHome(down, 'cy')
  await importBundle({ file, store: cy.store, blobs: cy.blobs })
  await writeBundle({ ...cy, what: { jam }, file: join(folder, 'again.jam') })
  t.ok(readFileSync(file).equals(readFileSync(join(folder, 'again.jam'))), 'byte for byte')
  t.deepEqual(readdirSync(folder).sort(), ['again.jam', 'friday.jam'])
  await down.run()
})

test('the bytes of a bundle are known', async (t) => {
  const down = new Teardown()
  const { file } = await exportedJam(down)
  t.equal(
    hex(nodeCrypto.sha256(readFileSync(file))),
    '6821b97274588e8f15ed709d4b821dda94d5d93eebfaa6d37bc8f73a5371acbf',
  )
  await down.run()
})

test('another program reads a bundle as a tar', async (t) => {
  const down = new Teardown()
  const { file, ada, ben, archives } = await exportedJam(down)
  const entries = await readWithTarStream(readFileSync(file))
  const players = [ada.identity.id, ben].map((id) => hex(rawId(id))).sort()
  const refs = new Map([ada.identity.id, ben].map((id) => [hex(rawId(id)), refOf(id)]))
  const hashes = [archives.drums, archives.bass].map((id) => hex(rawId(id))).sort()
  t.deepEqual(
    entries.map((entry) => entry.name),
    ['manifest.json', ...players.map((id) => `feeds/${refs.get(id) ?? ''}`), ...hashes.map((hash) => `blobs/${hash}`)],
  )
  const manifest = JSON.parse(Buffer.from(entries[0]!.bytes).toString()) as { heads: { count: number }[] }
  t.equal(manifest.heads.length, 2)
  const feed = entries[1]!.bytes
  t.equal(feed[4], '{'.charCodeAt(0), 'after the length of an entry comes its text')
  await down.run()
})

test('a bundle of one player: the feed, and what of its archives and pictures is here', async (t) => {
  const down = new Teardown()
  const { ada, ben, folder, archives } = await exportedJam(down)
  const unused = (await collect(ada.blobs.list())).find(({ size }) => size === 100)!
  await ada.blobs.remove(unused.id)
  const file = join(folder, 'ben.jam')
  const exported = await writeBundle({ ...ada, what: { player: ben }, file })
  t.deepEqual([exported.feeds, exported.blobs, exported.others, exported.score], [1, 1, 0, undefined])
  t.deepEqual(exported.lacking, [unused.id])
  const cy = await emptyHome(down, 'cy')
  const imported = await importBundle({ file, store: cy.store, blobs: cy.blobs })
  t.deepEqual(imported.what, { player: ben })
  t.deepEqual(await contentOf(cy), {
    heads: (await contentOf(ada)).heads.filter((head) => head.startsWith(ben)),
    blobs: [archives.bass],
  })
  await down.run()
})

test('a bundle is read as it stands, for a replay without a home', async (t) => {
  const down = new Teardown()
  const { file, exported, archives } = await exportedJam(down)
  const bundle = down.add(await openBundle(file), (it) => it.close())
  const { score, entries } = await checkBundle(bundle)
  t.equal(score && hex(scoreHash(score, (bytes) => nodeCrypto.sha256(bytes))), exported.score)
  t.equal(buildScore(score!.jam, entries).plays.length, 2)
  const { blobs } = await emptyHome(down, 'cy')
  t.equal(await copyBlobs(bundle, blobs), 2)
  await blobs.verify(archives.drums)
  await down.run()
})

test('progress grows to its end, stage by stage', async (t) => {
  const down = new Teardown()
  const { ada, jam, folder } = await exportedJam(down, { notes: 600 })
  const seen: { stage: string; done: number; total: number }[] = []
  const onProgress = (progress: (typeof seen)[number]): void => void seen.push(progress)
  const file = join(folder, 'told.jam')
  await writeBundle({ ...ada, what: { jam }, file, onProgress })
  const cy = await emptyHome(down, 'cy')
  await importBundle({ file, store: cy.store, blobs: cy.blobs, onProgress })
  await verifyHome({ ...cy, all: true, onProgress })
  const stages = [...new Set(seen.map(({ stage }) => stage))]
  t.deepEqual(stages, ['reading', 'writing', 'checking', 'blobs', 'importing', 'entries'])
  for (const stage of ['reading', 'importing', 'entries']) {
    const of = seen.filter((progress) => progress.stage === stage)
    t.equal(of.at(-1)?.done, of.at(-1)?.total, `${stage} comes to its end`)
  }
  t.ok(
    seen.every(({ done, total }) => done <= total),
    'and never past it',
  )
  await down.run()
})

test('work that is given up leaves no file and says so', async (t) => {
  const down = new Teardown()
  const { ada, jam, file, folder } = await exportedJam(down)
  const stop = new AbortController()
  const onProgress = (): void => stop.abort()
  const cancelled = async (work: Promise<unknown>, what: string): Promise<void> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason as { code: string },
    )
    t.equal(error?.code, 'CANCELLED', what)
  }
  const init = { onProgress, signal: stop.signal }
  await cancelled(writeBundle({ ...ada, what: { jam }, file: join(folder, 'x.jam'), ...init }), 'export')
  t.notOk(existsSync(join(folder, 'x.jam')))
  t.deepEqual(readdirSync(folder), ['friday.jam'])
  const cy = await emptyHome(down, 'cy')
  await cancelled(importBundle({ file, ...cy, signal: stop.signal }), 'import')
  t.deepEqual((await contentOf(cy)).heads, [])
  await cancelled(verifyHome({ ...ada, signal: stop.signal }), 'verify')
  await down.run()
})

test('what an import cannot make the feed here is told apart', async (t) => {
  const down = new Teardown()
  const { ada, folder } = await exportedJam(down)
  const dan = identityNamed('dan')
  const old = chain(dan, 3, null)
  const newer = chain(dan, 5, null, { from: 1_700_000_000_500_000, payload: (at) => note(`other ${at}`) })
  await ada.store.ingest(dan.id, rawOf(old))
  const file = join(folder, 'dan.jam')
  await writeBundle({ ...ada, what: { player: dan.id }, file })
  const cy = await emptyHome(down, 'cy')
  await cy.store.ingest(dan.id, rawOf(newer))
  const forked = await importBundle({ file, store: cy.store, blobs: cy.blobs })
  t.deepEqual(forked.apart, [{ identity: dan.id, outcome: 'other' }])
  t.equal((await cy.store.lost(dan.id)).length, 1, 'the other chain is kept beside the feed')

  const early = await emptyHome(down, 'early')
  early.clock.now = old[0]!.comparable - 3_600_000_000
  const ahead = await importBundle({ file, store: early.store, blobs: early.blobs })
  t.deepEqual(ahead.apart, [{ identity: dan.id, outcome: 'ahead', due: old[0]!.comparable - 600_000_000 }])
  t.equal(ahead.added, 0)
  await down.run()
})

test('the bundle of a fork holds the feeds of those whose entries it begins with', async (t) => {
  const down = new Teardown()
  const { ada, ben, jam, archives } = await twoPlayerJam(down)
  const cy = await emptyHome(down, 'cy')
  cy.clock.now = ada.clock.now + 1_000_000
  for (const player of [ada.identity.id, ben])
    await cy.store.ingest(player, rawOf(await collect(ada.store.read(player))))
  const ledger = new Ledger(jam)
  const known = [...(await collect(cy.store.byJam(jam))), ...(await collect(cy.store.byType('generator')))]
  for (const entry of known) ledger.add(entry)
  const fork = jamIdOf(cy.identity.id, name('friday-2'))
  await cy.store.append({ type: 'jam', jam: fork, action: 'start', engine: 0, ...forkPoint(ledger, 1, cy.identity.id) })
  const file = join(down.add(temporaryFolder(), removeFolder), 'fork.jam')
  t.equal(
    await codeOf(writeBundle({ ...cy, what: { jam: fork }, file })),
    'GENERATOR_MISSING',
    'what others publish has to be here',
  )
  for await (const { id } of ada.blobs.list()) await cy.blobs.add(ada.blobs.read(id))
  const exported = await writeBundle({ ...cy, what: { jam: fork }, file })
  t.deepEqual([exported.feeds, exported.blobs, exported.absent], [3, 1, []])

  const bundle = await openBundle(file)
  const { score } = await checkBundle(bundle)
  await bundle.close()
  t.deepEqual(score?.problems, [])
  t.deepEqual(
    score?.plays.map(({ identity, payload }) => [identity, payload.archive]),
    [[ben, archives.bass]],
    'what sounds at that bar, from the bundle alone',
  )
  const dee = await emptyHome(down, 'dee')
  await importBundle({ file, store: dee.store, blobs: dee.blobs })
  const live = new LiveJam(fork, dee.store)
  await live.load()
  t.deepEqual(buildScore(fork, live.entries()).entries, score?.entries, 'and from a home that took it in')

  await cy.store.discard(ben)
  t.equal(await codeOf(writeBundle({ ...cy, what: { jam: fork }, file, replace: true })), 'FORK_INCOMPLETE')
  await down.run()
})
