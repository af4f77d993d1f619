import test from 'tape'
import { BY_TYPE, CHANGED, CHUNK, HEAD, NUMBER, PLACE, parsePlace, rangeOf } from '../../lib/store/layout.ts'
import type { Db, Verified } from '../../lib/store/index.ts'
import { HandClock, chain, identityNamed, rawOf, spoil } from '../helpers/chains.ts'
import { change, flip, rowsOf, turn } from '../helpers/rows.ts'
import { inFolder } from '../helpers/stores.ts'
import { rejects } from '../suites/store-kit.ts'

const [ada, ben, cleo] = [identityNamed('ada'), identityNamed('ben'), identityNamed('cleo')]
/** Of its two entries the first has a signature that does not hold; the second vouches for it. */
const dee = identityNamed('dee')

/** What a full check says of a store of eight entries, in chunks of two, in whose rows somebody has meddled. */
async function meddled(meddle: (db: Db) => Promise<void>): Promise<Verified> {
  const place = inFolder.place()
  const store = await place.open(ada, new HandClock())
  const entries = chain(ben, 8, null)
  for (let at = 0; at < 8; at += 2) await store.ingest(ben.id, rawOf(entries.slice(at, at + 2)))
  await store.close()
  const db = await place.db()
  await meddle(db)
  await db.close()
  const again = await place.open(ada, new HandClock())
  const verified = await again.verifyAll()
  await again.close()
  await place.remove()
  return verified
}

const codesOf = ({ faults }: Verified): string[] => [...new Set(faults.map(({ code }) => code))].sort()

test('store: a full check names what is wrong, by code and entry', async (t) => {
  const entries = chain(ben, 8, null)
  const signature = await meddled(change(2, ([bytes]) => flip(bytes!, bytes!.length - 5)))
  t.deepEqual(codesOf(signature), ['ENTRY_SIGNATURE', 'FEED_PARENT', 'STORE_INDEX'])
  t.deepEqual(signature.faults[0]?.comparable, entries[2]?.comparable)
  t.equal(signature.faults[0]?.identity, ben.id)
  const text = await meddled(change(3, ([, bytes]) => flip(bytes!, 0)))
  t.ok(codesOf(text).includes('ENTRY_JSON'), codesOf(text).join())
  const missing = await meddled(async (db) => db.del((await rowsOf(db, CHUNK))[1]![0]))
  t.deepEqual(codesOf(missing), ['FEED_PARENT', 'STORE_CORRUPT', 'STORE_HEAD', 'STORE_INDEX'])
  const swapped = await meddled(change(2, ([, other]) => other!))
  t.ok(codesOf(swapped).includes('STORE_INDEX'), codesOf(swapped).join())
  t.ok(codesOf(swapped).includes('FEED_COMPARABLE'), codesOf(swapped).join())
  const cut = await meddled(async (db) => {
    const [key, value] = (await rowsOf(db, CHUNK))[1]!
    await db.put(key, value.subarray(0, value.length - 1))
  })
  t.ok(codesOf(cut).includes('STORE_CORRUPT'), codesOf(cut).join())
  t.deepEqual(codesOf(await meddled(turn(PLACE, 3, () => 0))), ['STORE_INDEX'], 'a place that is wrong')
  t.deepEqual(codesOf(await meddled(turn(HEAD, 0, () => 83))), ['STORE_HEAD'], 'a head that miscounts')
  t.deepEqual(codesOf(await meddled(turn(CHANGED, 0, () => 3))), ['STORE_INDEX'], 'a change of another feed')
  t.deepEqual(codesOf(await meddled(turn(NUMBER, 0, () => 3))), ['STORE_INDEX'], 'a name of another feed')
  const unlisted = await meddled(async (db) => db.del((await rowsOf(db, BY_TYPE))[3]![0]))
  t.deepEqual([codesOf(unlisted), unlisted.bad], [['STORE_INDEX'], 1])
  t.deepEqual(unlisted.faults[0]?.key, entries[7]?.key)
  const less = await meddled(async (db) => {
    const [key, value] = (await rowsOf(db, BY_TYPE))[3]!
    await db.put(key, value.subarray(0, 2))
  })
  t.deepEqual([codesOf(less), less.bad], [['STORE_INDEX'], 1], 'a row that lists less than it should')
  const stray = await meddled(async (db) => {
    const [key, value] = (await rowsOf(db, BY_TYPE))[3]!
    await db.put(key.with(key.length - 1, (key.at(-1) ?? 0) ^ 1), value)
  })
  t.deepEqual([codesOf(stray), stray.bad], [['STORE_INDEX'], 1], 'a row that lists what is not here')
})

test('store: a check can be given up while it counts index rows, and while it looks for those which lead nowhere', async (t) => {
  const place = inFolder.place()
  const store = await place.open(ada, new HandClock())
  await store.ingest(ben.id, rawOf(chain(ben, 8, null)))
  await store.close()
  const db = await place.db()
  const [key, value] = (await rowsOf(db, BY_TYPE))[0]!
  await db.put(key.with(key.length - 1, (key.at(-1) ?? 0) ^ 1), value)
  await db.close()
  const again = await place.open(ada, new HandClock())
  t.equal((await again.verifyAll()).bad, 1)
  // Eight entries are checked, then the rows of two indexes counted, then those that lead nowhere looked for.
  for (const given of [8, 10]) {
    let asked = 0
    const signal = Object.defineProperty(new AbortController().signal, 'aborted', { get: () => ++asked > given })
    await rejects(t, 'CANCELLED', again.verifyAll({ signal }))
    t.equal(asked, given + 1)
  }
  await again.close()
  await place.remove()
})

test('verify: a damaged feed is named, however many faults others have, and one that is authentic is not', async (t) => {
  const place = inFolder.place()
  const store = await place.open(ada, new HandClock())
  await store.ingest(ben.id, rawOf(chain(ben, 1_100, null)))
  const unsigned = spoil(chain(dee, 1, null)[0]!)
  await store.ingest(dee.id, rawOf([unsigned, ...chain(dee, 1, unsigned)]))
  await store.ingest(cleo.id, rawOf(chain(cleo, 2, null)))
  await store.close()
  const db = await place.db()
  // Of all feeds but the second.
  for await (const [key, value] of db.iterator(rangeOf(PLACE))) if (parsePlace(value).feed !== 1) await db.del(key)
  await db.close()
  const again = await place.open(ada, new HandClock())
  const { bad, faults, damaged } = await again.verifyAll()
  t.equal(bad, 1_102 + 1, 'each place that is missing, and the signature')
  t.deepEqual([faults.length, new Set(faults.map(({ identity }) => identity)).size], [1_000, 1])
  t.deepEqual(new Set(damaged), new Set([ben.id, cleo.id]))
  await again.close()
  await place.remove()
})
