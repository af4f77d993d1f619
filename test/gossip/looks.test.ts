import test from 'tape'
import type { EntryKey } from '../../lib/base/index.ts'
import type { RawEntry } from '../../lib/entry/index.ts'
import { ReadAhead } from '../../lib/gossip/ahead.ts'
import { answer } from '../../lib/gossip/looks.ts'
import type { Position } from '../../lib/gossip/index.ts'
import { chain, headOfChain, identityNamed, rawOf } from '../helpers/chains.ts'
import { realClock } from '../helpers/gossips.ts'
import { overriding } from '../helpers/overriding.ts'
import { temporaryStore } from '../helpers/stores.ts'

const [ann, ben] = [identityNamed('ann'), identityNamed('ben')]

test('gossip: a losing chain is read run by run, each from where the one before ended', async (t) => {
  const shared = chain(ann, 100, null)
  const left = chain(ann, 900, shared.at(-1)!, { step: 7 })
  const right = chain(ann, 1_500, shared.at(-1)!, { step: 11 })
  const store = await temporaryStore(ben, realClock)
  for (const run of [shared, left]) await store.ingest(ann.id, rawOf(run))
  for (let at = 0; at < right.length; at += 500)
    await store.ingest(ann.id, rawOf(right.slice(at, at + 500)), headOfChain(right))
  const goal = headOfChain(left)
  let read = 0
  const counting = overriding(store, {
    async *readLost(...args) {
      for await (const entry of store.readLost(...args)) {
        read++
        yield entry
      }
    },
  })
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
  t.ok(read <= left.length + 2 * runs, `${read} entries of the losing part read for ${left.length} sent`)
  await store.remove()
})
