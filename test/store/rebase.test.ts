import test from 'tape'
import type { Crypto, EntryKey } from '../../lib/base/index.ts'
import { compareHeads, type Entry, type Payload } from '../../lib/entry/index.ts'
import { standsFor } from '../../lib/feed/index.ts'
import { openStore, type Change, type Store } from '../../lib/store/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { HandClock, chain, collect, headOfChain, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'
import { codeOf } from '../helpers/hosts.ts'
import { inFolder, temporaryStore } from '../helpers/stores.ts'

const ada = identityNamed('ada')
const ben = identityNamed('ben')
const typeOf = ({ payload }: Entry): string => (typeof payload === 'string' ? '.box' : payload.type)
const typesOf = async (store: Store): Promise<string[]> => (await collect(store.read(ada.id))).map(typeOf)
/** Originals that a reader finds in the feed, in its order. */
const originalsOf = async (store: Store): Promise<EntryKey[]> =>
  (await collect(store.read(ada.id))).filter((entry) => typeOf(entry) !== 'rebase').map((entry) => standsFor(entry).key)

async function write(store: Store, count: number): Promise<EntryKey[]> {
  const keys: EntryKey[] = []
  for (let at = 0; at < count; at++) keys.push((await store.append(note(`entry ${at}`))).key)
  return keys
}

/** Sends the whole feed of one store to another, in runs of `size`. */
async function send(from: Store, to: Store, size = 2): Promise<void> {
  const entries = await collect(from.read(ada.id))
  for (let at = 0; at < entries.length; at += size)
    await to.ingest(ada.id, rawOf(entries.slice(at, at + size)), headOfChain(entries))
}

test('rebase: what is dropped is gone, what is kept follows as `again`, and it wins everywhere', async (t) => {
  const [here, there] = [await temporaryStore(ada, new HandClock()), await temporaryStore(ben, new HandClock())]
  const keys = await write(here, 6)
  await send(here, there)
  const before = await here.head(ada.id)
  const changes: Change[] = []
  here.onChange((change) => changes.push(change))
  const dropped = keys[2] as EntryKey
  const { head, kept, ...rest } = await here.own.rebase(new Set([dropped]))
  t.deepEqual(rest, { dropped: [dropped] })
  t.equal(kept, 3)
  t.deepEqual(await here.head(ada.id), head)
  t.ok(before && compareHeads(head, before) > 0, 'the new head is above the old one')
  t.deepEqual(await typesOf(here), ['public_note', 'public_note', 'rebase', 'again', 'again', 'again'])
  const left = keys.filter((key) => key !== dropped)
  t.deepEqual(await originalsOf(here), left)
  const entries = await collect(here.read(ada.id))
  t.deepEqual(entries[2]?.payload, { type: 'rebase', replaces: [before?.key, dropped], kept: 3 })
  t.equal(entries[2]?.parent, keys[1], 'it hangs on the last entry before the first dropped one')
  t.equal(changes.length, 1, 'one step')
  t.equal(changes[0]?.own, true)
  t.equal(changes[0]?.changeover?.lost.key, before?.key)
  t.deepEqual(keysOf(changes[0]?.entries ?? []), keysOf(entries.slice(2)))
  t.equal(await here.get(dropped, 'anywhere'), undefined, 'its bytes are gone')
  t.equal((await here.get(left[4] as EntryKey))?.key, entries[5]?.key, 'by the key of the original')
  t.deepEqual(
    (await collect(here.byType('public_note', { reverse: true }))).map((entry) => standsFor(entry).key),
    left,
    'indexed as the originals',
  )
  await send(here, there)
  t.deepEqual(await originalsOf(there), left)
  t.deepEqual(await there.lost(ada.id), [], 'a peer keeps nothing of what was replaced')
  t.equal(await there.get(dropped, 'anywhere'), undefined)
  for (const store of [here, there]) t.equal((await store.verifyAll()).bad, 0)
  const next = await here.append(note('goes on'))
  t.equal(next.parent, head.key)
  await here.remove()
  await there.remove()
})

test('rebase: the first, the last, an entry published again before, all of them', async (t) => {
  const store = await temporaryStore(ada, new HandClock())
  const keys = await write(store, 5)
  await store.own.rebase(new Set(keys.slice(4)))
  t.deepEqual(await originalsOf(store), keys.slice(0, 4))
  t.deepEqual(await typesOf(store), [...Array<string>(4).fill('public_note'), 'rebase'])
  await store.own.rebase(new Set(keys.slice(0, 1)))
  t.deepEqual(await originalsOf(store), keys.slice(1, 4))
  const [first] = await collect(store.read(ada.id))
  t.equal(first?.parent, null, 'a chain of its own')
  const carrier = (await collect(store.read(ada.id))).find((entry) => standsFor(entry).key === keys[2])
  await store.own.rebase(new Set([carrier?.key as EntryKey]))
  t.deepEqual(await originalsOf(store), [keys[1], keys[3]], 'named by the entry that carries it')
  for (const entry of await collect(store.read(ada.id)))
    t.notOk(typeOf({ ...entry, payload: standsFor(entry).payload }) === 'again', 'nothing is wrapped twice')
  await store.own.rebase(new Set([keys[1] as EntryKey, keys[3] as EntryKey]))
  t.deepEqual(await typesOf(store), ['rebase', 'rebase'], 'an earlier rebase before the first dropped entry stays')
  t.equal((await store.verifyAll()).bad, 0)
  await store.append(note('and on'))
  t.equal((await store.head(ada.id))?.count, 3)
  await store.remove()
})

test('rebase: what is dropped stays away where another copy of the key went on from an entry after it', async (t) => {
  const [here, there] = [await temporaryStore(ada, new HandClock()), await temporaryStore(ada, new HandClock())]
  const keys = await write(here, 3)
  await send(here, there)
  const elsewhere = await there.append(note('there'))
  const later = await here.append(note('here'))
  await here.own.rebase(new Set(keys.slice(1, 2)))
  await send(there, here)
  await here.own.heal()
  t.deepEqual(await originalsOf(here), [keys[0], keys[2], later.key, elsewhere.key])
  t.deepEqual(await here.lost(ada.id), [])
  await send(here, there)
  await there.own.heal()
  t.deepEqual(await originalsOf(there), await originalsOf(here), 'also in runs of which one ends in what was dropped')
  await here.remove()
  await there.remove()
})

test('rebase: another player who publishes the same key `again` changes nothing', async (t) => {
  for (const comparable of [1, 1_800_000_000_000_100]) {
    const clock = new HandClock()
    const store = await temporaryStore(ada, clock)
    const keys = await write(store, 5)
    await store.own.rebase(new Set(keys.slice(1, 2)))
    clock.now += 1_000
    const key = keys[3] as EntryKey
    const payload = (): Payload => ({ type: 'again', key, comparable, payload: note('not ada') })
    await store.ingest(ben.id, rawOf(chain(ben, 1, null, { from: clock.now, payload })))
    const { dropped } = await store.own.rebase(new Set([key]))
    t.deepEqual(dropped, [key])
    t.deepEqual(await originalsOf(store), [keys[0], keys[2], keys[4]])
    t.equal(await store.get(keys[2] as EntryKey, 'anywhere', ben.id), undefined, 'of that player alone')
    t.equal((await store.get(keys[2] as EntryKey, 'anywhere', ada.id))?.identity, ada.id)
    await store.remove()
  }
})

test('rebase: a branch that was named so long ago that nobody looks there is named again', async (t) => {
  const store = await temporaryStore(ada, new HandClock())
  const keys = await write(store, 2)
  const old = await collect(store.read(ada.id))
  await store.own.rebase(new Set(keys.slice(1)))
  for (let at = 0; at < 70; at++) await store.own.rebase(new Set(await write(store, 1)))
  await store.ingest(ada.id, rawOf(old), headOfChain(old))
  t.equal((await store.lost(ada.id)).length, 1)
  t.deepEqual((await store.own.heal()).named, keys.slice(1))
  t.deepEqual(await store.lost(ada.id), [])
  t.deepEqual(await originalsOf(store), keys.slice(0, 1))
  await store.remove()
})

test('rebase: a large feed, more than one group', async (t) => {
  const store = await temporaryStore(ada, new HandClock())
  const written = await Promise.all(Array.from({ length: 2_500 }, (_, at) => store.append(note(`entry ${at}`))))
  const keys = keysOf(written)
  const changes: Change[] = []
  store.onChange((change) => changes.push(change))
  const { kept } = await store.own.rebase(new Set(keys.slice(1, 2)))
  t.equal(kept, 2_498)
  t.equal(changes.length, 1, 'readers see one step')
  t.deepEqual(await originalsOf(store), [keys[0], ...keys.slice(2)])
  t.deepEqual(await store.lost(ada.id), [])
  t.equal((await store.verifyAll()).bad, 0)
  await store.remove()
})

test('rebase: refusals', async (t) => {
  const store = await temporaryStore(ada, new HandClock())
  const foreign = chain(ben, 2, null)
  await store.ingest(ben.id, rawOf(foreign))
  t.equal(await codeOf(store.own.rebase(new Set(keysOf(foreign.slice(1))))), 'REBASE_FOREIGN')
  const [key] = await write(store, 2)
  t.equal(await codeOf(store.own.rebase(new Set(keysOf(chain(ada, 1, null))))), 'REBASE_UNKNOWN')
  t.equal(await codeOf(store.own.rebase(new Set())), 'REBASE_NOTHING')
  await store.own.rebase(new Set([key as EntryKey]))
  const [rebase] = await collect(store.read(ada.id))
  t.equal(await codeOf(store.own.rebase(new Set([rebase?.key as EntryKey]))), 'REBASE_UNKNOWN', 'a rebase stays')
  t.equal(await codeOf(store.own.rebase(new Set([key as EntryKey]))), 'REBASE_UNKNOWN', 'gone already')
  const deep = JSON.parse('{"type":"deep","of":'.repeat(15) + '1' + '}'.repeat(15)) as Payload
  const rest = chain(ada, 2, (await collect(store.read(ada.id))).at(-1) ?? null, {
    payload: (at) => (at ? deep : note('x')),
  })
  await store.ingest(ada.id, rawOf(rest))
  t.equal(await codeOf(store.own.rebase(new Set(keysOf(rest.slice(0, 1))))), 'REBASE_STUCK')
  await store.own.rebase(new Set(keysOf(rest)))
  await store.remove()
  t.equal(await codeOf(store.own.rebase(new Set())), 'CLOSED')
})

test('rebase: an identity with entries far ahead of the clock goes on', async (t) => {
  const clock = new HandClock()
  const place = inFolder.place()
  const store = await place.open(ada, clock)
  const peer = await temporaryStore(ben, new HandClock(clock.now + 60_000_000))
  await write(store, 2)
  await send(store, peer)
  const right = clock.now
  clock.now = Number.MAX_SAFE_INTEGER
  await store.append(note('written in the year 2255'))
  clock.now = right + 30_000_000
  t.equal((await store.head(ada.id))?.comparable, Number.MAX_SAFE_INTEGER)
  t.equal(await codeOf(store.append(note('now'))), 'CLOCK_BEHIND_FEED')
  await send(store, peer)
  t.equal((await peer.head(ada.id))?.count, 2, 'others hold it and do not take it')
  const { head, dropped } = await store.own.rebase(new Set())
  t.deepEqual(dropped, [])
  t.ok(head.comparable < right + 60_000_000)
  t.deepEqual(await typesOf(store), ['public_note', 'public_note', 'rebase', 'public_note'], 'written anew')
  const next = await store.append(note('now'))
  await send(store, peer)
  t.equal((await peer.head(ada.id))?.key, next.key, 'and others go along')
  t.deepEqual(await store.lost(ada.id), [])
  await store.close()
  await place.remove()
  await peer.remove()
})

test('rebase: a process that ends in the middle of a large one leaves the old feed, and healing ends the work', async (t) => {
  const place = inFolder.place()
  const clock = new HandClock()
  const first = await place.open(ada, clock)
  const keys = keysOf(await Promise.all(Array.from({ length: 1_500 }, (_, at) => first.append(note(`entry ${at}`)))))
  const entries = await collect(first.read(ada.id))
  await first.close()
  const db = await place.db()
  // The state of the disk after the first group: a branch that is not the feed.
  const copy = await openStore({ db, identity: ada.id, signer: ada.signer, clock, crypto: nodeCrypto })
  const rebase: Payload = { type: 'rebase', replaces: keysOf(entries.slice(-1)), kept: 1_498 }
  const again = entries
    .slice(2, 1_000)
    .map(({ key, comparable, payload }) => ({ type: 'again', key, comparable, payload }))
  const from = (entries.at(-1)?.comparable ?? 0) + 1
  const part = chain(ada, 999, entries[0] ?? null, { from, step: 1, payload: (at) => again[at - 1] ?? rebase })
  await copy.ingest(ada.id, rawOf(part), { comparable: from + 10_000, key: keys[0] as EntryKey })
  t.deepEqual(await originalsOf(copy), keys, 'the feed is what it was')
  const healed = await copy.own.heal()
  t.deepEqual(healed.dropped, keys.slice(1, 2))
  t.deepEqual(await originalsOf(copy), [keys[0], ...keys.slice(2)])
  t.deepEqual(await copy.lost(ada.id), [])
  await copy.close()
  await place.remove()
})

test('rebase: the signing key is checked once, not for each entry that is published again', async (t) => {
  const place = inFolder.place()
  let checks = 0
  const crypto: Crypto = {
    ...nodeCrypto,
    verify(...args) {
      checks++
      return nodeCrypto.verify(...args)
    },
  }
  const parts = { identity: ada.id, signer: ada.signer, clock: new HandClock(), crypto }
  const store = await openStore({ db: await place.db(), ...parts })
  const keys = await write(store, 20)
  const { kept } = await store.own.rebase(new Set(keys.slice(0, 1)))
  t.deepEqual([kept, checks], [19, 1])
  t.equal((await store.verifyAll()).bad, 0)
  await store.close()
  await place.remove()
})
