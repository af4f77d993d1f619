import test from 'tape'
import { hasCode, MarmaladeError, type PlayerId } from '../../lib/base/index.ts'
import type { Entry } from '../../lib/entry/index.ts'
import { refetch, Refetches } from '../../plugins/gossip/refetch.ts'
import { HandClock, chain, headOfChain, identityNamed, note, rawOf } from '../helpers/chains.ts'
import { codeOf } from '../helpers/hosts.ts'
import { overriding } from '../helpers/overriding.ts'
import { temporaryStore } from '../helpers/stores.ts'

const [ada, ben, cleo] = [identityNamed('ada'), identityNamed('ben'), identityNamed('cleo')]
const first = chain(ben, 4, null)
/** Two machines with Ben's key went on from his third entry; the second wins. */
const second = chain(ben, 2, first[2] as Entry, {
  from: headOfChain(first).comparable + 1_000,
  payload: (at) => note(`on the other machine ${at}`),
})

/** A store of Ada's with what is given of Ben's feed, and what `refetch` needs besides. */
async function place(runs: readonly (readonly Entry[])[], { drawn = true } = {}) {
  const store = await temporaryStore(ada, new HandClock())
  for (const run of runs) await store.ingest(ben.id, rawOf(run))
  const forgotten: PlayerId[] = []
  const parts = {
    feeds: {
      store,
      directory: { resolve: () => ben.id, shown: () => 'ben' },
      tracked: { has: () => drawn, mostEntries: () => Infinity },
    },
    gossip: {
      holders: () => [cleo.id],
      askHolders: async () => [cleo.id],
      forget: (player: PlayerId) => forgotten.push(player),
    },
  }
  return { store, forgotten, parts }
}

test('refetch: a branch that lost is not deleted because a peer claims to have the head', async (t) => {
  const { store, parts, forgotten } = await place([first, second])
  t.equal((await store.lost(ben.id)).length, 1, 'the fourth entry of the first machine is kept')
  const refused = await refetch(parts, 'ben', 'careful').catch((error: unknown) => error)
  t.match(String(refused), /branches of it that lost .*\(1\).* no peer says whether it has them/)
  t.equal(await codeOf(refetch(parts, 'ben', 'careful')), 'DISCARD_UNSURE')
  t.equal((await store.lost(ben.id)).length, 1, 'nothing has gone')
  t.deepEqual(forgotten, [])
  t.equal((await refetch(parts, 'ben', 'insist')).entries, 5, 'with --yes all goes')
  t.deepEqual([await store.head(ben.id), await store.lost(ben.id)], [undefined, []])
  t.deepEqual(forgotten, [ben.id])
  await store.remove()
})

test('refetch: a feed without such branches goes where a peer claims to have it', async (t) => {
  const { store, parts } = await place([first])
  t.deepEqual(await refetch(parts, 'ben', 'careful'), { player: ben.id, shown: 'ben', entries: 4, holders: [cleo.id] })
  t.equal(await store.head(ben.id), undefined)
  await store.remove()
})

test('refetch: two at once are one', async (t) => {
  const { store, parts, forgotten } = await place([first])
  const refetches = new Refetches(parts)
  const both = [refetches.begin('ben', 'careful'), refetches.begin('ben', 'careful')]
  t.deepEqual(
    (await Promise.all(both)).map(({ entries }) => entries),
    [4, 4],
  )
  t.deepEqual(forgotten, [ben.id], 'deleted once')
  t.equal(await codeOf(refetches.begin('ben', 'careful')), 'DISCARD_NOTHING', 'the next looks for itself')
  await store.remove()
})

/** A careful refetch of a feed, and one that insists while the first still asks peers; then these say who has it. */
async function bothCares(holders: readonly PlayerId[]) {
  const { store, parts, forgotten } = await place([first])
  let answer: (holders: PlayerId[]) => void = () => undefined
  const answered = new Promise<PlayerId[]>((resolve) => (answer = resolve))
  let asked = (): void => undefined
  const asking = new Promise<void>((resolve) => (asked = resolve))
  const askHolders = (): Promise<PlayerId[]> => {
    asked()
    return answered
  }
  const refetches = new Refetches({ ...parts, gossip: { ...parts.gossip, askHolders } })
  const careful = refetches.begin('ben', 'careful')
  await asking
  const insisting = refetches.begin('ben', 'insist')
  const again = refetches.begin('ben', 'careful')
  answer([...holders])
  const results = await Promise.allSettled([careful, insisting, again])
  const said = results.map((each) =>
    each.status === 'fulfilled'
      ? each.value.entries
      : hasCode(each.reason, 'DISCARD_UNSURE')
        ? 'unsure'
        : (each.reason as unknown),
  )
  const gone = await codeOf(refetches.begin('ben', 'insist'))
  await store.remove()
  return { said, forgotten, gone }
}

test('refetch: who insists while a careful one asks peers has it deleted once, whatever they say', async (t) => {
  const spare = await bothCares([cleo.id])
  t.deepEqual(spare.said, [4, 4, 4], 'one deletion answers all')
  t.deepEqual(spare.forgotten, [ben.id])
  const unsure = await bothCares([])
  t.deepEqual(unsure.said, ['unsure', 4, 4], 'who asks carefully meanwhile gets the answer of who insists')
  t.deepEqual(unsure.forgotten, [ben.id])
  t.deepEqual([spare.gone, unsure.gone], ['DISCARD_NOTHING', 'DISCARD_NOTHING'], 'the next looks for itself')
})

test('refetch: a feed that is drawn no more is deleted with --yes alone', async (t) => {
  const { store, parts, forgotten } = await place([first], { drawn: false })
  const refused = await refetch(parts, 'ben', 'careful').catch((error: unknown) => error)
  t.match(String(refused), /ben is not drawn/)
  t.equal((await store.head(ben.id))?.count, 4)
  const gone = await refetch(parts, 'ben', 'insist')
  t.deepEqual([gone.entries, gone.holders], [4, []])
  t.equal(await store.head(ben.id), undefined)
  t.deepEqual(forgotten, [ben.id])
  t.equal(await codeOf(refetch(parts, 'ben', 'insist')), 'DISCARD_NOTHING')
  await store.remove()
})

test('refetch: where a write fails after the feed has gone, it is drawn anew all the same', async (t) => {
  const { store, parts, forgotten } = await place([first])
  let goes = false
  const failing = overriding(store, {
    discard: async (identity) => {
      if (goes) await store.discard(identity)
      throw new MarmaladeError('STORE_WRITE', 'the disk is full')
    },
  })
  const broken = { ...parts, feeds: { ...parts.feeds, store: failing } }
  t.equal(await codeOf(refetch(broken, 'ben', 'careful')), 'STORE_WRITE')
  t.deepEqual(forgotten, [], 'it is still here')
  goes = true
  t.equal(await codeOf(refetch(broken, 'ben', 'careful')), 'STORE_WRITE')
  t.deepEqual(forgotten, [ben.id])
  await store.remove()
})
