import test from 'tape'
import type { EntryKey } from '../../lib/base/index.ts'
import type { Entry, RawEntry } from '../../lib/entry/index.ts'
import { ReadAhead } from '../../lib/gossip/ahead.ts'
import { answer } from '../../lib/gossip/looks.ts'
import type { Position } from '../../lib/gossip/index.ts'
import { chain, headOfChain, identityNamed, rawOf } from '../helpers/chains.ts'
import { realClock } from '../helpers/gossips.ts'
import { overriding } from '../helpers/overriding.ts'
import { temporaryStore } from '../helpers/stores.ts'

const [ann, ben] = [identityNamed('ann'), identityNamed('ben')]

/** A store of Ben's in which two long chains of Ann go on from the same entries, and how many entries of the losing one are read. */
async function twoChains() {
  const shared = chain(ann, 100, null)
  const left = chain(ann, 900, shared.at(-1)!, { step: 7 })
  const right = chain(ann, 1_500, shared.at(-1)!, { step: 11 })
  const store = await temporaryStore(ben, realClock)
  for (const run of [shared, left]) await store.ingest(ann.id, rawOf(run))
  for (let at = 0; at < right.length; at += 500)
    await store.ingest(ann.id, rawOf(right.slice(at, at + 500)), headOfChain(right))
  const read = { entries: 0 }
  const counting = overriding(store, {
    async *readLost(...args) {
      for await (const entry of store.readLost(...args)) {
        read.entries++
        yield entry
      }
    },
  })
  return { store, shared, left, right, goal: headOfChain(left), counting, read }
}

test('gossip: where to go on along a losing chain is found without reading it', async (t) => {
  const { store, shared, left, right, goal, counting, read } = await twoChains()
  const find = async (positions: readonly Entry[]): Promise<EntryKey | undefined> => {
    const question = { type: 'find', link: 1, stream: 0, turn: 0, identity: ann.id, goal } as const
    const found = await answer(counting, new ReadAhead(counting), { ...question, positions })
    return found.type === 'found' ? found.at?.key : undefined
  }
  t.equal(await find([right[900]!, left[700]!, shared[50]!]), left[700]!.key, 'the first that lies on it')
  t.equal(await find([right[900]!, shared[50]!]), shared[50]!.key, 'also of what it shares with the feed')
  t.equal(await find([right[0]!]), undefined, "nothing of the feed's own")
  t.equal(read.entries, 0)
  await store.remove()
})

test('gossip: a losing chain is read run by run, each from where the one before ended', async (t) => {
  const { store, shared, left, goal, counting, read } = await twoChains()
  const next = async (after: Position): Promise<readonly RawEntry[]> => {
    const question = { type: 'read', link: 1, stream: 0, turn: 0, identity: ann.id, maxBytes: 8_192 } as const
    const found = await answer(counting, new ReadAhead(counting), { ...question, after, goal })
    return found.type === 'run' ? found.entries : []
  }
  const keys: EntryKey[] = []
  let runs = 0
  let after: Position
  for (let entries = await next(after); entries.length > 0; entries = await next(after)) {
    runs++
    keys.push(...entries.map(({ key }) => key))
    after = entries.at(-1)
  }
  t.deepEqual(
    keys,
    [...shared, ...left].map(({ key }) => key),
    'what it shares with the feed, then its own',
  )
  t.ok(runs > 20, `${runs} runs`)
  t.ok(
    read.entries <= left.length + 2 * runs,
    `${read.entries} entries of the losing part read for ${left.length} sent`,
  )
  await store.remove()
})
