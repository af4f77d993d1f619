import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'tape'
import type { BlobId } from '../../lib/base/index.ts'
import type { Payload } from '../../lib/entry/index.ts'
import { need } from '../../lib/host/index.ts'
import { feedsContract, type FeedsApi } from '../../plugins/feeds/index.ts'
import { Catalogue, generatorIn } from '../../plugins/generators/catalogue.ts'
import { generatorsContract, type GeneratorsApi } from '../../plugins/generators/index.ts'
import { Offered } from '../../plugins/generators/offered.ts'
import { HandClock, chain, headOfChain, identityNamed, rawOf } from '../helpers/chains.ts'
import { codeOf } from '../helpers/hosts.ts'
import { e2e, meet } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'
import { temporaryStore } from '../helpers/stores.ts'

e2e('process archives run where their hash is allowed, which is remembered', async (t, kit) => {
  const ada = await kit.node()
  const { archive } = await ada.publish('arp')
  const nowhere = ada.ask(generatorsContract).authoring.publish({ folder: '/nowhere/at/all' })
  t.equal(await codeOf(nowhere), 'FOLDER_MISSING')
  t.deepEqual(await ada.ask(generatorsContract).authoring.allow({ archive }), { archive, allowed: [archive] })
  await ada.node.close()
  const again = await kit.node({ home: ada.node.home.path })
  const other = (await again.publish('bass')).archive
  const { allowed } = await again.ask(generatorsContract).authoring.allow({ archive: other })
  t.deepEqual([...allowed].sort(), [archive, other].sort())
  await again.node.close()
  await writeFile(join(again.node.home.path, 'allowed.json'), '{ no list')
  t.equal(await codeOf(kit.node({ home: again.node.home.path })), 'CONFIG_INVALID')
})

test('generators: what is offered and listed follows the feed through a changeover and what is published again', async (t) => {
  const ann = identityNamed('ann')
  const store = await temporaryStore(ann, new HandClock())
  const blob = (letter: string): BlobId => `&${letter.repeat(43)}=.sha256` as BlobId
  const made = (name: string, letter: string): Payload => ({
    type: 'generator',
    name,
    archive: blob(letter),
    size: 1_000,
    runtime: 'wasm',
  })
  const lost = chain(ann, 3, null, {
    payload: (at) => (at === 2 ? { type: 'identification', image: blob('I') } : made('arp', at === 0 ? 'A' : 'E')),
  })
  await store.ingest(ann.id, rawOf(lost))
  const offered = new Offered(store, ann.id)
  await offered.load()
  const feeds = {
    store,
    identity: ann,
    follows: { blocks: () => false },
    directory: { shown: () => 'ann' },
  } as unknown as FeedsApi
  const catalogue = new Catalogue({ feeds, isHere: async () => false })
  const listed = async (): Promise<[string, string, number][]> =>
    (await catalogue.list({ limit: 10 })).map(({ name, archive, published }) => [name, archive, published])
  const has = (): boolean[] => ['A', 'E', 'I', 'M'].map((letter) => offered.has(blob(letter)))
  t.deepEqual(has(), [true, true, true, false])
  t.deepEqual(await listed(), [['arp', blob('E'), lost[1]!.comparable]])

  let folded: Promise<unknown> = Promise.resolve()
  store.onChange((change) => (folded = folded.then(() => offered.observe(change))))
  const anew = chain(ann, 1, null, { from: 1_700_000_000_500_000, payload: () => made('bass', 'M') })
  await store.ingest(ann.id, rawOf(anew), headOfChain(anew))
  await folded
  t.deepEqual(has(), [false, false, false, true], 'what only the losing branch had is gone')
  t.deepEqual(await listed(), [['bass', blob('M'), anew[0]!.comparable]])

  const order = [1, 2, 0]
  const again = chain(ann, 3, anew[0]!, {
    payload: (at) => {
      const { key, comparable, payload } = lost[order[at] ?? 0]!
      return { type: 'again', key, comparable, payload }
    },
  })
  await store.ingest(ann.id, rawOf(again))
  await folded
  t.deepEqual(has(), [true, true, true, true], 'and is back once published again')
  t.deepEqual(
    await listed(),
    [
      ['bass', blob('M'), anew[0]!.comparable],
      ['arp', blob('E'), lost[1]!.comparable],
    ],
    'at its own time: the newer archive, whichever was published again last',
  )
  await store.remove()
})

test('generators: an again whose original is in the feed publishes nothing', async (t) => {
  const ann = identityNamed('ann')
  const store = await temporaryStore(ann, new HandClock())
  const [good, bad] = ['A', 'E'].map((letter) => `&${letter.repeat(43)}=.sha256` as BlobId)
  const made = (archive = good): Payload => ({ type: 'generator', name: 'arp', archive, size: 1_000, runtime: 'wasm' })
  const said = chain(ann, 1, null, { payload: () => made() })
  const { key, comparable } = said[0]!
  const lie: Payload = { type: 'again', key, comparable: comparable + 1, payload: made(bad) }
  const lies = chain(ann, 1, said[0]!, { payload: () => lie })
  const told = new Offered(store, ann.id)
  await told.load()
  let folded: Promise<unknown> = Promise.resolve()
  store.onChange((change) => (folded = folded.then(() => told.observe(change))))
  await store.ingest(ann.id, rawOf([...said, ...lies]))
  await folded
  const read = new Offered(store, ann.id)
  await read.load()
  for (const offered of [told, read]) t.deepEqual([offered.has(good!), offered.has(bad!)], [true, false])
  const feeds = {
    store,
    identity: ann,
    follows: { blocks: () => false },
    directory: { shown: () => 'ann' },
  } as unknown as FeedsApi
  const listed = await new Catalogue({ feeds, isHere: async () => false }).list({ limit: 10 })
  t.deepEqual(
    listed.map(({ archive, published }) => [archive, published]),
    [[good, comparable]],
  )
  t.equal(await generatorIn(store, lies[0]!), undefined, 'so nobody fetches it ahead')
  await store.remove()
})

e2e('more may run once somebody whom the owner trusts publishes it, less once they are blocked', async (t, kit) => {
  const ada = await kit.node()
  const ben = await kit.node()
  await meet(ada, ben)
  const archive = `&${'M'.repeat(43)}=.sha256` as BlobId
  const generators = ben.node.host.api(need<GeneratorsApi>('generators'))
  await ben.ask(feedsContract).feeds.trust({ player: ada.id, on: true })
  /** Whoever was told of a change finds it made. */
  const told = async (act: () => Promise<unknown>, may: boolean): Promise<void> => {
    let seen = false
    const off = generators.onPermits(() => void generators.mayRun(archive).then((now) => (seen ||= now === may)))
    await act()
    await until('who asks is told', () => seen)
    off()
  }
  t.notOk(await generators.mayRun(archive))
  await told(() => ada.write({ type: 'generator', name: 'hum', archive, size: 9, runtime: 'process' }), true)
  t.pass('it was told that it may')
  await told(() => ben.ask(feedsContract).feeds.block({ player: ada.id, on: true }), false)
  t.pass('and that it may not')
})
