import { cpSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import type { EntryKey, JamId, PlayerId } from '../../lib/base/index.ts'
import { concat, hasCode, hex, playerIdOf, utf8 } from '../../lib/base/index.ts'
import { packageRoot } from '../../lib/base/node/root.ts'
import { hashOf } from '../../lib/entry/index.ts'
import type { Entry, HeadPosition } from '../../lib/entry/index.ts'
import type { Branch } from '../../lib/feed/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { levelAt, openStore } from '../../lib/store/index.ts'
import type { Head, Store } from '../../lib/store/index.ts'
import { PLACE, chunkKey, parsePlace, shapeValue } from '../../lib/store/layout.ts'
import { HandClock, chain, collect, headOfChain, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

/** A database of format 1 as an earlier version wrote it: a feed with forks, an `again`, a jam; and what it said it holds. */
const FIXTURE = join(packageRoot(), 'fixtures', 'store')
interface Told {
  readonly feeds: readonly (Head & {
    readonly digest: string
    readonly lost: readonly (HeadPosition & { readonly digest: string })[]
  })[]
  readonly jam: JamId
  readonly inJam: readonly EntryKey[]
  readonly again: { readonly original: EntryKey; readonly by: EntryKey }
}
const told = JSON.parse(readFileSync(join(FIXTURE, 'format-1.json'), 'utf8')) as Told
const ada = identityNamed('ada')

/** A copy of it. Its log lies under another name, since git and npm leave out what ends in `.log`. */
function formatOne(): string {
  const folder = temporaryFolder()
  cpSync(join(FIXTURE, 'format-1'), folder, { recursive: true })
  renameSync(join(folder, 'rows'), join(folder, '000003.log'))
  return folder
}

const digest = (entries: readonly Entry[]): string => hex(nodeCrypto.sha256(concat(rawOf(entries))))

async function holds(t: test.Test, store: Store): Promise<void> {
  for (const { identity, comparable, key, count, digest: feed, lost } of told.feeds) {
    t.deepEqual(await store.head(identity), { identity, comparable, key, count })
    t.equal(digest(await collect(store.read(identity))), feed, 'every byte')
    const heads = await store.lost(identity)
    t.deepEqual(
      heads,
      lost.map((each) => ({ comparable: each.comparable, key: each.key })),
    )
    for (const [i, each] of heads.entries())
      t.equal(digest(await collect(store.readLost(identity, each))), lost[i]?.digest, 'of chains that lost too')
  }
  t.deepEqual(keysOf(await collect(store.byJam(told.jam))), told.inJam)
  t.equal((await store.get(told.again.original))?.key, told.again.by, 'an original is found by what publishes it again')
  t.deepEqual(await store.verifyAll().then(({ bad }) => bad), 0)
}

test('store: a database of format 1 is read whole, and goes on', async (t) => {
  const folder = formatOne()
  const { id: identity, signer } = ada
  const open = (onMigrate?: (done: number, total: number) => void): Promise<Store> =>
    openStore({
      ...{ db: levelAt(folder), identity, signer, crypto: nodeCrypto, clock: new HandClock() },
      ...(onMigrate ? { onMigrate } : {}),
    })
  const progress: number[] = []
  const store = await open((done) => progress.push(done))
  await holds(t, store)
  const all = await store.verifyAll()
  t.equal(progress.at(-1), all.entries, 'says how far it has come')
  t.equal(store.sequence, told.feeds.length)
  const changed = await collect(store.changedSince(0))
  t.deepEqual(changed.map(({ head }) => head.key).sort(), told.feeds.map(({ key }) => key).sort())
  await store.close()
  const again = await open(() => t.fail('once is enough'))
  await holds(t, again)
  t.equal((await again.append(note('and on'))).parent, told.feeds.find(({ identity: of }) => of === ada.id)?.key)
  await again.close()
  removeFolder(folder)
})

test('store: a copy of format 1 that was interrupted begins anew; what is left after it is deleted', async (t) => {
  const folder = formatOne()
  const { id: identity, signer } = ada
  const parts = { identity, signer, crypto: nodeCrypto, clock: new HandClock() }
  await openStore({
    ...parts,
    db: levelAt(folder),
    onMigrate: () => {
      throw new Error('the lights go out')
    },
  }).then(
    () => t.fail('opened'),
    () => t.pass('it was interrupted'),
  )
  const store = await openStore({ ...parts, db: levelAt(folder) })
  await holds(t, store)
  await store.close()
  const db = levelAt(folder)
  await db.put(Uint8Array.of(3, 1), Uint8Array.of(1))
  await db.put(concat([Uint8Array.of(0), utf8('left')]), new Uint8Array(0))
  await db.close()
  const again = await openStore({ ...parts, db: levelAt(folder) })
  await holds(t, again)
  await again.close()
  const after = levelAt(folder)
  const old = await after.keys({ gte: Uint8Array.of(1), lt: Uint8Array.of(0x20) }).all()
  t.deepEqual(old, [], 'no row of the old format is left')
  await after.close()
  removeFolder(folder)
})

/** Everything of every feed of the fixture, chain by chain. */
async function chainsOf(store: Store): Promise<{ identity: PlayerId; entries: Entry[] }[]> {
  const chains: { identity: PlayerId; entries: Entry[] }[] = []
  for (const { identity } of told.feeds) {
    chains.push({ identity, entries: await collect(store.read(identity)) })
    for (const head of await store.lost(identity))
      chains.push({ identity, entries: await collect(store.readLost(identity, head)) })
  }
  return chains
}

test('store: of a database of format 1 with a damaged entry all is read that is whole, and the rest comes again', async (t) => {
  const whole = formatOne()
  const { id: identity, signer } = ada
  const faults: unknown[] = []
  const parts = {
    identity,
    signer,
    crypto: nodeCrypto,
    clock: new HandClock(),
    onFault: (e: unknown) => faults.push(e),
  }
  const open = (folder: string): Promise<Store> =>
    openStore({ ...parts, db: levelAt(folder), origin: { folder, secret: 'new' } })
  const first = await open(whole)
  const chains = await chainsOf(first)
  await first.close()
  removeFolder(whole)
  const entryRows = { gte: Uint8Array.of(3), lt: Uint8Array.of(4) }
  const count = chains.reduce((sum, { entries }) => sum + entries.length, 0)
  for (let at = 0; at < count; at++) {
    const folder = formatOne()
    const db = levelAt(folder)
    const rows = await db.iterator(entryRows).all()
    const [key, value] = rows[at]!
    // In its text, its signature, or cut off.
    const damaged = at % 3 === 0 ? value.slice(0, -1) : value.with(value.length - (at % 3 === 1 ? 80 : 3), 1)
    await db.put(key, damaged)
    await db.close()
    faults.length = 0
    const store = await open(folder)
    const whose = playerIdOf(key.subarray(1, 33))
    const codes = faults.map((fault) => hasCode(fault, 'STORE_CORRUPT') && fault.message.includes(whose))
    t.deepEqual(codes, [true], `the owner hears of entry ${at} of ${count}`)
    for (const { identity: of, entries } of chains) {
      if (of === whose) continue
      for (const entry of entries) if (!(await store.get(entry.key, 'anywhere'))) t.fail('another feed lacks something')
    }
    t.equal((await store.verifyAll()).bad, 0, 'what is here is whole')
    t.equal(store.own.restored, whose === identity, 'only where the own feed is shorter nothing is published yet')
    for (const { identity: of } of told.feeds) {
      const entries = chains.find((each) => each.identity === of)?.entries ?? []
      await store.ingest(of, rawOf(entries), headOfChain(entries))
    }
    const heads = await Promise.all(told.feeds.map(async (feed) => (await store.head(feed.identity))?.key))
    t.deepEqual(heads, keysOf(told.feeds), 'and all comes again from others')
    await store.close()
    const after = levelAt(folder)
    const aside = await after.iterator({ gte: Uint8Array.of(0x40), lt: Uint8Array.of(0x41) }).all()
    t.ok(
      aside.some(([, bytes]) => hex(bytes) === hex(damaged)),
      'the damaged bytes are kept',
    )
    await after.close()
    removeFolder(folder)
  }
})

test('store: a branch of format 1 whose last rows lack is no whole one: its owner hears of it', async (t) => {
  const { id: identity, signer } = ada
  for (const { identity: whose, count, key } of told.feeds) {
    const folder = formatOne()
    const db = levelAt(folder)
    for await (const [row, value] of db.iterator({ gte: Uint8Array.of(3), lt: Uint8Array.of(4) }))
      if (playerIdOf(row.subarray(1, 33)) === whose && nodeCrypto.sha256Base64(value) === hashOf({ key }))
        await db.del(row)
    await db.close()
    const faults: unknown[] = []
    const parts = { identity, signer, crypto: nodeCrypto, clock: new HandClock() }
    const store = await openStore({
      ...parts,
      db: levelAt(folder),
      origin: { folder, secret: 'new' },
      onFault: (e) => faults.push(e),
    })
    const head = await store.head(whose)
    t.ok(head && head.key !== key, 'another entry is the head')
    if (told.feeds.find((feed) => feed.identity === whose)?.lost.length === 0) t.equal(head?.count, count - 1)
    t.deepEqual(
      faults.map((fault) => hasCode(fault, 'STORE_CORRUPT') && fault.message.startsWith(`1 entries of ${whose}`)),
      [true],
    )
    t.equal(store.own.restored, whose === identity, 'nothing is published on a feed that is shorter than it was')
    t.equal((await store.verifyAll()).bad, 0)
    await store.close()
    removeFolder(folder)
  }
})

test('store: a feed of format 1 of which only a branch half deleted is there leaves nothing under its number', async (t) => {
  const folder = formatOne()
  const db = levelAt(folder)
  const heads = await db.iterator({ gte: Uint8Array.of(1), lt: Uint8Array.of(2) }).all()
  const [headKey, headRow] = heads.at(-1)!
  const last = told.feeds.find(({ identity }) => identity === playerIdOf(headKey.subarray(1)))!
  // As if the feed had been branch 1, of which there is nothing, and branch 0 had been on its way out.
  await db.put(headKey, headRow.with(3, 1))
  const tail = { comparable: last.comparable, key: last.key }
  const doomed: Branch = { id: 0, at: 0, tail, count: last.count, state: 'dropping' }
  await db.put(headKey.with(0, 2), shapeValue(2, new Map([[0, doomed]])))
  await db.close()
  const { id: identity, signer } = ada
  const parts = { identity, signer, crypto: nodeCrypto, clock: new HandClock(), onFault: () => undefined }
  const store = await openStore({ ...parts, db: levelAt(folder) })
  t.equal(await store.head(last.identity), undefined)
  const next = identityNamed('whoever comes next')
  const entries = chain(next, 3, null)
  await store.ingest(next.id, rawOf(entries))
  t.deepEqual(keysOf(await collect(store.read(next.id))), keysOf(entries))
  t.equal(await store.get(last.key, 'anywhere'), undefined)
  t.equal((await store.verifyAll()).bad, 0, 'and the number is free for the next identity')
  await store.close()
  const after = levelAt(folder)
  const number = heads.length - 1
  t.equal((await after.keys({ gte: chunkKey(number, 0, 0), lt: chunkKey(number + 1, 0, 0) }).all()).length, 1)
  const places = await after.values({ gte: Uint8Array.of(PLACE), lt: Uint8Array.of(PLACE + 1) }).all()
  t.equal(places.filter((place) => parsePlace(place).feed === number).length, 3)
  await after.close()
  removeFolder(folder)
})
