import test from 'tape'
import { PLACE, parsePlace, rangeOf } from '../../lib/store/layout.ts'
import { HandClock, chain, identityNamed, rawOf, spoil } from '../helpers/chains.ts'
import { inFolder } from '../helpers/stores.ts'

const [ada, ben, cleo] = [identityNamed('ada'), identityNamed('ben'), identityNamed('cleo')]
/** Of its two entries the first has a signature that does not hold; the second vouches for it. */
const dee = identityNamed('dee')

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
