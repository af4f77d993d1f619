import test from 'tape'
import { jamIdOf, name as checkedName } from '../../lib/base/index.ts'
import type { Payload } from '../../lib/entry/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { openStore } from '../../lib/store/index.ts'
import { LiveJam, type JamChange } from '../../plugins/jams/index.ts'
import { publishHeard } from '../../plugins/jams/publish-heard.ts'
import { HandClock, identityNamed } from '../helpers/chains.ts'
import { rejects } from '../suites/store-kit.ts'
import { inFolder } from '../helpers/stores.ts'

const ada = identityNamed('ada')
const JAM = jamIdOf(ada.id, checkedName('friday'))
const start: Payload = { type: 'jam', jam: JAM, action: 'start', tempo: 120, meter: '4/4', engine: 0 }
const tag = (value: number): Payload => ({ type: 'tag', jam: JAM, name: 'mood', value, at: 960, on: 'now' })

test('what a player does is heard here before it is on disk, once; where it does not come there it is taken back', async (t) => {
  const place = inFolder.place()
  const db = await place.db()
  const { id, signer } = ada
  const store = await openStore({ db, identity: id, signer, crypto: nodeCrypto, clock: new HandClock() })
  await store.append(start)
  const jam = new LiveJam(JAM, store)
  await jam.load()
  const told: string[] = []
  let folding: Promise<unknown> = Promise.resolve()
  const tell = (_jam: LiveJam, { entries, withdrawn }: JamChange): void => {
    told.push(...entries.map(({ key }) => `+${key}`), ...withdrawn.map((key) => `-${key}`))
  }
  store.onChange((change) => (folding = folding.then(async () => tell(jam, await jam.observe(change)))))
  const joined = [jam]
  const parts = { feeds: { publish: store.append.bind(store) }, jams: { joined: () => joined, tell } }

  let full = false
  let heardBefore = 0
  db.hooks.prewrite.add(() => {
    heardBefore = told.length
    if (full) throw new Error('no space left on device')
  })
  const { key } = await publishHeard(parts, jam, tag(1))
  await folding
  t.equal(heardBefore, 1, 'before it was written')
  t.deepEqual(told.splice(0), [`+${key}`], 'and not again when it was')
  t.ok(jam.item(key))

  full = true
  await rejects(t, 'STORE_WRITE', publishHeard(parts, jam, tag(2)))
  await folding
  const [heard = '', gone] = told.splice(0)
  t.deepEqual(gone, heard.replace('+', '-'), 'what is not on disk is not in the jam')
  t.equal(jam.entries().length, 2)

  full = false
  joined.length = 0
  const later = await publishHeard(parts, jam, tag(3))
  await folding
  t.deepEqual(told, [`+${later.key}`], 'of a jam that is not joined it waits for the disk')
  await store.close()
  await place.remove()
})
