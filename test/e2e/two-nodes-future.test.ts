import { generateIdentity, nodeCrypto } from '../../lib/keys/index.ts'
import { signEntry } from '../../lib/entry/index.ts'
import type { Clock } from '../../lib/base/index.ts'
import { feedsPlugin } from '../../plugins/feeds/index.ts'
import { gossipPlugin } from '../../plugins/gossip/index.ts'
import { realClock } from '../helpers/gossips.ts'
import { e2e } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'
import { temporaryStore } from '../helpers/stores.ts'

const HOUR = 3_600_000_000

e2e('an entry from the future is held: neither shown nor passed on, while the rest of its feed is', async (t, kit) => {
  // A node whose clock is an hour ahead: it takes its own entries for present ones and gossips them.
  const clock: Clock = { micros: () => realClock.micros() + HOUR, monotonic: () => realClock.monotonic() }
  const author = generateIdentity()
  const store = kit.add(await temporaryStore(author, clock), (it) => it.remove())
  const sign = (parent: string | null, comparable: number, text: string) =>
    signEntry(
      { identity: author.id, parent: parent as never, comparable, synod: null, payload: { type: 'public_note', text } },
      author.signer,
      nodeCrypto,
    )
  const now = sign(null, realClock.micros(), 'now')
  const later = sign(now.key, realClock.micros() + HOUR, 'in an hour')
  t.equal((await store.ingest(author.id, [now.bytes, later.bytes])).kind, 'adopted', 'its author has both')
  const { public: open, private: secret } = author.keys
  const host = await kit.host({
    keys: { id: author.id, public: open, private: secret },
    plugins: [feedsPlugin({ store, identity: author, clock }), gossipPlugin({ clock })],
  })

  const ada = await kit.node()
  const ben = await kit.node()
  await ada.follow(author)
  await ada.follow(ben)
  await ben.follow(author)
  await host.connect(ada.address)
  await until('what is of now has come', async () => (await ada.feeds.store.head(author.id))?.key === now.key)
  await until('the other is held', () => ada.feeds.store.nextDue() !== undefined)
  t.equal(ada.feeds.store.nextDue(), later.comparable - 600_000_000, 'until ten minutes before its time')
  t.equal((await ada.feedRow(author.id))?.entries, 1)
  t.equal(await ada.feeds.store.get(later.key, 'anywhere'), undefined)

  await ben.dial(ada)
  await until('it is passed on', async () => (await ben.feeds.store.head(author.id))?.key === now.key)
  const after = await ada.write({ type: 'public_note', text: 'after it' })
  await ben.follow(ada)
  await until('so is what came after', async () => (await ben.feeds.store.head(ada.id))?.key === after.key)
  t.equal(ben.feeds.store.nextDue(), undefined, 'what is held is not')
  t.equal((await ben.feedRow(author.id))?.entries, 1)
})
