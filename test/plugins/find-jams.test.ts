import test from 'tape'
import type { Payload } from '../../lib/entry/index.ts'
import { jamIn, joinedJams, knownJams } from '../../plugins/jams/find.ts'
import { HandClock, chain, identityNamed, rawOf } from '../helpers/chains.ts'
import { temporaryStore } from '../helpers/stores.ts'

const ann = identityNamed('ann')
const friday = `${ann.id}:friday`
const sunday = `${ann.id}:sunday`

const start = (jam: string): Payload => ({ type: 'jam', jam, action: 'start', tempo: 120, meter: '4/4', engine: 0 })

test('jams: an again whose original is in the feed starts, joins and leaves none', async (t) => {
  const store = await temporaryStore(ann, new HandClock())
  const said = chain(ann, 2, null, { payload: () => start(friday) })
  const [first, last] = said
  if (!first || !last) throw new Error('no entries')
  const claims = [start(sunday), { type: 'jam', jam: friday, action: 'leave', at: 0 } as const]
  const lies = chain(ann, 2, last, {
    payload: (at) => ({ type: 'again', key: first.key, comparable: last.comparable, payload: claims[at]! }),
  })
  await store.ingest(ann.id, rawOf([...said, ...lies]))
  t.deepEqual(await knownJams(store), [friday])
  t.deepEqual([...(await joinedJams(store, ann.id))], [friday])
  for (const lie of lies) t.equal(await jamIn(store, lie), undefined)
  t.deepEqual(await jamIn(store, last), { jam: friday, action: 'start' })
  await store.remove()
})
