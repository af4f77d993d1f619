import fc from 'fast-check'
import test from 'tape'
import type { PlayerId } from '../../lib/base/index.ts'
import { compareHeads } from '../../lib/entry/index.ts'
import type { Entry, HeadPosition } from '../../lib/entry/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { verifyEntry } from '../../lib/entry/index.ts'
import type { Store } from '../../lib/store/index.ts'
import { HandClock, chain, collect, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'
import { temporaryStore } from '../helpers/stores.ts'

/** One chain of a forked feed, as drawn: where it leaves which earlier one, how long it goes on, how fast. */
const branch = fc.record({
  on: fc.nat(2),
  at: fc.nat(8),
  length: fc.integer({ min: 1, max: 8 }),
  // Small steps make equal comparables, where the keys decide.
  step: fc.integer({ min: 1, max: 3 }),
  spoiled: fc.option(fc.nat(7), { nil: undefined, freq: 4 }),
})
/** How one node hears of it: which chain goes on next, by how many entries, and whether its head was announced. */
const delivery = fc.record({ chain: fc.nat(2), size: fc.integer({ min: 1, max: 6 }), announced: fc.boolean() })
const drawn = fc.record({
  root: fc.integer({ min: 0, max: 6 }),
  branches: fc.array(branch, { minLength: 2, maxLength: 3 }),
  first: fc.array(delivery, { maxLength: 20 }),
  second: fc.array(delivery, { maxLength: 20 }),
})
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never
type Delivery = Drawn['first'][number]

/** Every chain from its first entry to its tip. */
function chainsOf(author: ReturnType<typeof identityNamed>, { root, branches }: Drawn): Entry[][] {
  const shared = chain(author, root, null, { step: 2 })
  const chains: Entry[][] = []
  for (const [i, { on, at, length, step, spoiled }] of branches.entries()) {
    const base = chains[on] ?? shared
    const kept = base.slice(0, Math.min(at, base.length))
    const parent = kept.at(-1) ?? null
    const payload = (n: number) => note(`chain ${i} entry ${n}`)
    chains.push([...kept, ...chain(author, length, parent, { step, payload, spoiled: (n) => n === spoiled })])
  }
  return chains
}

/** The last entry of a chain whose own signature verifies: what an honest node announces. */
const announceable = (entries: readonly Entry[]): Entry | undefined =>
  entries.findLast((entry) => verifyEntry(entry, nodeCrypto))
const best = (chains: readonly Entry[][]): Entry | undefined =>
  chains
    .map(announceable)
    .filter((entry) => entry !== undefined)
    .sort(compareHeads)
    .at(-1)

/** Delivers as drawn, then whatever is left of each chain; checks after every step what a reader sees. */
async function deliver(store: Store, identity: PlayerId, chains: Entry[][], steps: readonly Delivery[]): Promise<void> {
  const sent = chains.map(() => 0)
  const rest = chains.map((_, i): Delivery => ({ chain: i, size: Infinity, announced: true }))
  let before: HeadPosition | undefined
  for (const { chain: which, size, announced } of [...steps, ...rest]) {
    const entries = chains[which % chains.length] ?? []
    const from = sent[which % chains.length] ?? 0
    const run = entries.slice(from, from + size)
    if (run.length === 0) continue
    sent[which % chains.length] = from + run.length
    const head = announced ? announceable(entries) : undefined
    const result = await store.ingest(identity, rawOf(run), head)
    // Of two tails that wait for a signature one is kept: who is told of a gap sends again from further back.
    if (result.kind === 'refused' && result.code === 'FEED_GAP')
      await store.ingest(identity, rawOf(entries.slice(0, from + size)), head)
    before = await readerSees(store, identity, chains, before)
  }
}

/** One of the chains up to some entry, with a head that only rises; the index of types tells the same. */
async function readerSees(
  store: Store,
  identity: PlayerId,
  chains: Entry[][],
  before: HeadPosition | undefined,
): Promise<HeadPosition | undefined> {
  const head = await store.head(identity)
  const seen = keysOf(await collect(store.read(identity)))
  const listed = keysOf(await collect(store.byType('public_note', { identity, reverse: true })))
  if (!chains.some((entries) => keysOf(entries.slice(0, seen.length)).join() === seen.join()))
    throw new Error('a reader saw what is no chain')
  if (seen.join() !== listed.join()) throw new Error('the index and the feed differ')
  if (head?.count !== (seen.length || undefined)) throw new Error('the head does not count the feed')
  if (head && head.key !== seen.at(-1)) throw new Error('the head is not the last entry')
  if (before && (!head || compareHeads(head, before) < 0)) throw new Error('the head fell')
  return head
}

test('property: a forked feed ends at one head, whatever the order, sizes and announcements', async (t) => {
  const stores = [
    await temporaryStore(identityNamed('a'), new HandClock()),
    await temporaryStore(identityNamed('b'), new HandClock()),
  ] as const
  const runs = Number(process.env['FUZZ_RUNS'] ?? 150)
  let identities = 0
  let forks = 0
  const property = fc.asyncProperty(drawn, async (it) => {
    const author = identityNamed(`author ${identities++}`)
    const chains = chainsOf(author, it)
    await deliver(stores[0], author.id, chains, it.first)
    await deliver(stores[1], author.id, [...chains].reverse(), it.second)
    const heads = await Promise.all(stores.map((store) => store.head(author.id)))
    const expected = best(chains)
    if (heads[0]?.key !== expected?.key || heads[1]?.key !== expected?.key) throw new Error('not the highest head')
    const lost = await Promise.all(stores.map((store) => store.lost(author.id)))
    if (lost[0]?.length) forks++
    if (keysOf(lost[0] ?? []).join() !== keysOf(lost[1] ?? []).join()) throw new Error('other losing heads are kept')
  })
  const result = await fc.check(property, { numRuns: runs })
  t.notOk(result.failed, fc.defaultReportMessage(result) ?? `${runs} forked feeds`)
  t.ok(forks > runs / 4, `${forks} of them with losing heads`)
  for (const store of stores) {
    const { faults } = await store.verifyAll()
    t.deepEqual(
      [...new Set(faults.map(({ code }) => code))].filter((code) => code !== 'ENTRY_SIGNATURE'),
      [],
      'all rows agree',
    )
    await store.remove()
  }
})
