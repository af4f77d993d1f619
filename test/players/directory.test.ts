import test from 'tape'
import { MarmaladeError, refOf } from '../../lib/base/index.ts'
import type { PlayerId } from '../../lib/base/index.ts'
import type { Payload } from '../../lib/entry/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import { Directory } from '../../lib/players/index.ts'
import type { Store } from '../../lib/store/index.ts'
import { HandClock, chain, headOfChain, identityNamed, rawOf } from '../helpers/chains.ts'
import { temporaryStore } from '../helpers/stores.ts'
import { vectors } from '../helpers/vectors.ts'

const [ann, ben, cy] = [identityNamed('ann'), identityNamed('ben'), identityNamed('cy')]
const { shortId, identities } = vectors('short-ids.json')
const [first, second] = identities as [PlayerId, PlayerId]
const says = (fields: object): Payload => ({ type: 'identification', ...fields })

/** Ann's store, with a directory that is told of every change. */
async function annsDirectory(): Promise<{
  store: Store & { remove(): Promise<void> }
  directory: Directory
  settled: () => Promise<void>
  take: (author: Identity, ...payloads: Payload[]) => Promise<void>
}> {
  const store = await temporaryStore(ann, new HandClock())
  const directory = new Directory(store)
  await directory.load([ann.id])
  let folded: Promise<void> = Promise.resolve()
  store.onChange((change) => (folded = folded.then(() => directory.observe(change))))
  return {
    store,
    directory,
    settled: () => folded,
    async take(author, ...payloads) {
      const entries = chain(author, payloads.length, null, { payload: (at) => payloads[at] ?? says({}) })
      await store.ingest(author.id, rawOf(entries))
      await folded
    },
  }
}

function codeFor(directory: Directory, text: string): string {
  try {
    directory.resolve(text)
  } catch (error) {
    if (error instanceof MarmaladeError) return error.code
  }
  return 'none'
}

test('directory: each key of an identification overrides the same key alone, however long ago it was said', async (t) => {
  const { store, directory, take } = await annsDirectory()
  const later = Array.from({ length: 40 }, (_, at) => says({ about: `take ${at}` }))
  await take(ben, says({ name: 'ben', addresses: ['net:a:1~shs:x'] }), ...later)
  const expected = { type: 'identification', name: 'ben', about: 'take 39', addresses: ['net:a:1~shs:x'] }
  t.deepEqual(directory.identification(ben.id), expected)
  const again = new Directory(store)
  await again.load([])
  t.deepEqual(again.identification(ben.id), expected, 'read from the store, newest first, the same')
  t.deepEqual(directory.identification(cy.id), { type: 'identification' }, 'of whom nothing is known, nothing')
  await store.remove()
})

test('directory: a name means a player while it is unambiguous; empty text takes it back', async (t) => {
  const { store, directory, settled, take } = await annsDirectory()
  await take(ben, says({ name: 'sam' }))
  t.deepEqual([directory.resolve('sam'), directory.resolve('@sam'), directory.shown(ben.id)], [ben.id, ben.id, 'sam'])
  await take(cy, says({ name: 'sam' }))
  t.equal(codeFor(directory, 'sam'), 'PLAYER_AMBIGUOUS')
  t.equal(directory.shown(ben.id), shortIdOf(ben.id), 'a name that two have is not shown')
  t.equal(directory.resolve(shortIdOf(cy.id)), cy.id, 'the short id still means one')
  t.equal(directory.resolve(refOf(cy.id)), cy.id)
  t.equal(codeFor(directory, 'nobody'), 'PLAYER_UNKNOWN')
  await store.append(says({ name: 'ann' }))
  await store.append(says({ name: '' }))
  await settled()
  t.equal(directory.nameOf(ann.id), undefined)
  t.equal(codeFor(directory, 'ann'), 'PLAYER_UNKNOWN', 'nobody is called so any more')
  await store.remove()
})

test('directory: nobody is shown by what names another', async (t) => {
  const { store, directory, take } = await annsDirectory()
  for (const name of [ann.id, refOf(ann.id), shortIdOf(ann.id)]) {
    const mallory = identityNamed(`called ${name}`)
    await take(mallory, says({ name }))
    t.equal(directory.nameOf(mallory.id), name, 'so it is called')
    t.equal(directory.shown(mallory.id), shortIdOf(mallory.id), 'and is not shown so')
    t.equal(directory.resolve(name), ann.id)
  }
  await take(ben, says({ name: shortIdOf(ben.id) }))
  t.equal(directory.shown(ben.id), shortIdOf(ben.id), 'by its own short id it is')
  await store.remove()
})

test('directory: a changeover takes back the name that only the losing chain gave', async (t) => {
  const { store, directory, settled, take } = await annsDirectory()
  await take(ben, says({ name: 'old' }))
  const other = chain(ben, 2, null, { from: 1_700_000_000_900_000, payload: () => says({ about: 'anew' }) })
  await store.ingest(ben.id, rawOf(other), headOfChain(other))
  await settled()
  t.equal(directory.nameOf(ben.id), undefined)
  t.equal(codeFor(directory, 'old'), 'PLAYER_UNKNOWN')
  t.equal(directory.identification(ben.id).about, 'anew')
  await store.remove()
})

test('directory: a name published again counts at its original time, once', async (t) => {
  const { store, directory, take } = await annsDirectory()
  const first = chain(ben, 2, null, { payload: (at) => says({ name: `ben ${at}` }) })
  await store.ingest(ben.id, rawOf(first))
  const again = ({ key, comparable, payload }: (typeof first)[number]): Payload => ({
    type: 'again',
    key,
    comparable,
    payload,
  })
  const [lost] = chain(ben, 1, null, { from: 1_700_000_000_000_500, payload: () => says({ about: 'between' }) })
  const healed = chain(ben, 2, first[1]!, { payload: (at) => again(at === 0 ? first[0]! : lost!) })
  await store.ingest(ben.id, rawOf(healed))
  await take(cy, says({ name: 'cy' }))
  t.equal(directory.nameOf(ben.id), 'ben 1', 'the older name does not come back')
  t.equal(directory.identification(ben.id).about, 'between', 'what only the losing branch said counts')
  const fresh = new Directory(store)
  await fresh.load([])
  t.deepEqual(fresh.identification(ben.id), directory.identification(ben.id), 'read from the store, the same')
  await store.remove()
})

test('directory: an again whose original is in the feed changes nothing, whatever time it claims', async (t) => {
  const { store, directory, take } = await annsDirectory()
  const told = chain(ben, 2, null, { payload: (at) => says({ name: `ben ${at}` }) })
  const [first, last] = told
  if (!first || !last) throw new Error('no entries')
  const claims = [last.comparable + 1, last.comparable]
  const lies = chain(ben, 2, last, {
    payload: (at) => ({ type: 'again', key: told[at]!.key, comparable: claims[at]!, payload: says({ name: 'liar' }) }),
  })
  await store.ingest(ben.id, rawOf([...told, ...lies]))
  await take(cy, says({ name: 'cy' }))
  t.equal((await store.head(ben.id))?.count, 4)
  t.equal(directory.nameOf(ben.id), 'ben 1')
  const fresh = new Directory(store)
  await fresh.load([])
  t.equal(fresh.nameOf(ben.id), 'ben 1', 'nor after a restart')
  await store.remove()
})

test('directory: files of a player are named by the short id where it is theirs, else by the key', async (t) => {
  const { store, directory, take } = await annsDirectory()
  await take(ben, says({ name: 'ben' }))
  t.equal(directory.fileNameOf(ben.id), shortIdOf(ben.id))
  t.equal(directory.fileNameOf(cy.id), refOf(cy.id), 'of whom nothing is known here has no short id')
  directory.setFollowed([ann.id, cy.id])
  t.equal(directory.fileNameOf(cy.id), shortIdOf(cy.id), 'known once followed')
  directory.setFollowed([first, second])
  t.deepEqual([directory.shown(first), directory.shown(second)], [shortId, second], 'of two with one, who came first')
  t.deepEqual([directory.fileNameOf(first), directory.fileNameOf(second)], [shortId, refOf(second)])
  directory.setFollowed([second, first])
  t.equal(directory.shown(second), second, 'and goes on to, while followed')
  directory.setFollowed([second])
  t.deepEqual([directory.shown(second), directory.fileNameOf(first)], [shortId, refOf(first)], 'unfollowed, no more')
  const known: PlayerId[] = [...directory.players()]
  t.ok(known.includes(cy.id) && known.includes(ben.id))
  for (const player of known) t.match(directory.fileNameOf(player), /^[A-Za-z0-9+_-]+$/, 'fit for a path')
  await store.remove()
})
