import test from 'tape'
import { hasCode, utf8 } from '../../lib/base/index.ts'
import type { Payload } from '../../lib/entry/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { Directory, FollowGraph } from '../../lib/players/index.ts'
import { openStore } from '../../lib/store/index.ts'
import { MAX_BRANCHES } from '../../lib/store/grow.ts'
import * as layout from '../../lib/store/layout.ts'
import type { Branch } from '../../lib/feed/index.ts'
import { HandClock, chain, collect, headOfChain, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'
import { change, flip, rowsOf, turn } from '../helpers/rows.ts'
import { inFolder } from '../helpers/stores.ts'
import { rejects } from '../suites/store-kit.ts'

const ada = identityNamed('ada')
const ben = identityNamed('ben')
const { CHUNK, SHAPE } = layout

test('store: a row that is not what was written is not handed out', async (t) => {
  const place = inFolder.place()
  const store = await place.open(ada, new HandClock())
  await store.append(note('x'))
  await store.close()
  const db = await place.db()
  await turn(CHUNK, 0, () => 12)(db)
  await db.close()
  const again = await place.open(ada, new HandClock())
  await rejects(t, 'STORE_CORRUPT', collect(again.read(ada.id)))
  t.deepEqual(await collect(again.byType('public_note')), [])
  await again.close()
  await place.remove()
})

test('store: one damaged chunk of any feed hides itself alone, and the owner is told once', async (t) => {
  const place = inFolder.place()
  const store = await place.open(ada, new HandClock())
  await store.append({ type: 'follow', identity: ben.id, on: true })
  const named = (nth: number): Payload => ({ type: 'identification', name: `ben ${nth}` })
  const entries = chain(ben, 3, null, { payload: named })
  for (const { bytes } of entries) await store.ingest(ben.id, [bytes])
  const cleo = identityNamed('cleo')
  await store.ingest(
    cleo.id,
    rawOf(chain(cleo, 1, null, { payload: () => ({ type: 'identification', name: 'cleo' }) })),
  )
  await store.close()
  const db = await place.db()
  const chunks = await rowsOf(db, CHUNK)
  // The feed of `ben` has the number 1: its second chunk of three.
  const [key] = chunks.filter(([at]) => layout.parseChunkKey(at).feed === 1)[1]!
  await db.put(key, Uint8Array.of(1))
  const faults: unknown[] = []
  const { id, signer } = ada
  const parts = { identity: id, signer, crypto: nodeCrypto, clock: new HandClock() }
  const again = await openStore({ ...parts, db, onFault: (error) => faults.push(error) })
  const follows = new FollowGraph({ store: again, self: id, hops: 2 })
  await follows.load()
  const directory = new Directory(again)
  await directory.load(follows.reached().keys())
  t.deepEqual([directory.nameOf(ben.id), directory.nameOf(cleo.id)], ['ben 2', 'cleo'])
  t.ok(follows.follows(id, ben.id))
  const left = keysOf([entries[2]!, entries[0]!])
  t.deepEqual(keysOf(await collect(again.byType('identification', { identity: ben.id }))), left)
  t.equal(faults.length, 1, 'though it was met twice')
  t.ok(hasCode(faults[0], 'STORE_CORRUPT') && faults[0].message.includes(ben.id))
  t.ok(
    (await again.verifyAll()).faults.some(({ code }) => code === 'STORE_CORRUPT'),
    'and can look what it is',
  )
  await again.close()
  await place.remove()
})

test('store: a database of another format is not opened', async (t) => {
  const place = inFolder.place()
  await (await place.open(ada, new HandClock())).close()
  const db = await place.db()
  await db.put(Buffer.concat([Uint8Array.of(0), utf8('format')]), utf8('999'))
  await db.close()
  await rejects(t, 'STORE_FORMAT', place.open(ada, new HandClock()))
  const unlocked = await place.db()
  t.equal(unlocked.status, 'open', 'and is let go of again')
  await unlocked.close()
  await place.remove()
})

test('store: a write that fails is told, and the store goes on from what is on disk', async (t) => {
  const place = inFolder.place()
  const db = await place.db()
  const { id, signer } = ada
  const store = await openStore({ db, identity: id, signer, crypto: nodeCrypto, clock: new HandClock() })
  const first = await store.append(note('one'))
  let full = true
  // The one way to make a write fail on any machine: a hook of the database itself.
  db.hooks.prewrite.add(() => {
    if (full) throw new Error('no space left on device')
  })
  await rejects(t, 'STORE_WRITE', store.append(note('two')))
  await rejects(t, 'STORE_WRITE', store.ingest(ben.id, rawOf(chain(ben, 3, null))))
  t.equal(await store.head(ben.id), undefined)
  t.equal((await store.head(ada.id))?.key, first.key)
  full = false
  t.equal((await store.append(note('three'))).parent, first.key)
  t.equal((await store.ingest(ben.id, rawOf(chain(ben, 3, null)))).kind, 'adopted')
  t.equal((await store.verifyAll()).bad, 0)
  await store.close()
  await place.remove()
})

test('store: a chain half dropped when the process ended is dropped at the next write', async (t) => {
  const place = inFolder.place()
  const store = await place.open(ada, new HandClock())
  const root = chain(ben, 3, null)
  const low = chain(ben, 4, root[2]!)
  const high = chain(ben, 2, root[2]!, { step: 100_000 })
  await store.ingest(ben.id, rawOf([...root, ...low]))
  await store.ingest(ben.id, rawOf(high))
  await store.close()
  const db = await place.db()
  const [[shapeKey, shape]] = (await rowsOf(db, SHAPE)) as [[Uint8Array, Uint8Array]]
  const dropping = Uint8Array.from(shape)
  dropping[4 + 16] = 2
  await db.put(shapeKey, dropping)
  await db.close()
  const again = await place.open(ada, new HandClock())
  t.deepEqual(await again.lost(ben.id), [])
  await again.ingest(ben.id, rawOf(chain(ben, 1, high[1]!)))
  for (const entry of low.slice(0, 3)) t.equal(await again.get(entry.key, 'anywhere'), undefined)
  t.deepEqual(keysOf(await collect(again.read(ben.id))).slice(0, 5), keysOf([...root, ...high]))
  const back = await again.ingest(ben.id, rawOf(low))
  t.deepEqual(back, { kind: 'staged', tail: headOfChain(low) }, 'and may come again')
  await again.close()
  await place.remove()
})

test('store: a feed that forks for ever is bounded', async (t) => {
  const place = inFolder.place()
  const first = await place.open(ada, new HandClock())
  const entries = chain(ben, 3, null)
  await first.ingest(ben.id, rawOf(entries))
  await first.close()
  const db = await place.db()
  const { key } = entries[0]!
  // As if it had forked so often: each branch hangs on the last entry of the one before.
  const branches = Array.from({ length: MAX_BRANCHES - 1 }, (_, id): [number, Branch] => [
    id,
    {
      id,
      ...(id > 0 ? { parent: id - 1 } : {}),
      at: id,
      tail: { comparable: id + 1, key },
      count: id + 1,
      state: 'kept',
    },
  ])
  await db.put(layout.shapeKey(0), layout.shapeValue(branches.length, new Map(branches)))
  const head = { identity: ben.id, branch: branches.length - 1, tail: headOfChain(entries), count: 3, sequence: 1 }
  await db.put(layout.headKey(0), layout.headValue(head))
  await db.close()
  const store = await place.open(ada, new HandClock())
  const fork = (n: number) => store.ingest(ben.id, rawOf(chain(ben, 1, null, { from: 1000 + n })))
  t.equal((await fork(1)).kind, 'staged', 'the last branch there is room for')
  const refused = await fork(2)
  t.equal(refused.kind === 'refused' && refused.code, 'FEED_TOO_FORKED')
  await store.close()
  await place.remove()
})

test('store: what is damaged is not sent on as it lies: runs end before it, then nothing is read', async (t) => {
  const entries = chain(ben, 8, null)
  for (const [nth, sound] of [
    [2, 2],
    [3, 3],
  ] as const) {
    const place = inFolder.place()
    const store = await place.open(ada, new HandClock())
    for (let at = 0; at < 8; at += 2) await store.ingest(ben.id, rawOf(entries.slice(at, at + 2)))
    await store.close()
    const db = await place.db()
    await change(nth, (bytes) => flip(bytes[nth - 2]!, bytes[nth - 2]!.length - 1))(db)
    await db.close()
    const again = await place.open(ada, new HandClock())
    const most = { entries: 100, bytes: 1e6, each: 2 }
    const run = await again.readRun(ben.id, undefined, most)
    t.deepEqual(
      run.map(({ key }) => key),
      keysOf(entries.slice(0, sound)),
      `entry ${nth} is damaged`,
    )
    await rejects(t, 'STORE_CORRUPT', again.readRun(ben.id, run.at(-1), most))
    await again.close()
    await place.remove()
  }
})
