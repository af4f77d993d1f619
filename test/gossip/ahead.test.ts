import test from 'tape'
import type { HeadPosition } from '../../lib/entry/index.ts'
import { ReadAhead } from '../../lib/gossip/ahead.ts'
import { chain, headOfChain, identityNamed, note, rawOf } from '../helpers/chains.ts'
import { realClock } from '../helpers/gossips.ts'
import { overriding } from '../helpers/overriding.ts'
import { temporaryStore } from '../helpers/stores.ts'

const [ann, ben] = [identityNamed('ann'), identityNamed('ben')]

test('gossip: runs that follow on one another are read some at a time, never from what the feed was before', async (t) => {
  const shared = chain(ann, 75, null)
  const left = chain(ann, 40, shared.at(-1)!, { step: 7, payload: (at) => note(`left ${at}`) })
  const right = chain(ann, 40, shared.at(-1)!, { step: 11, payload: (at) => note(`right ${at}`) })
  const store = await temporaryStore(ben, realClock)
  for (const run of [shared, left]) await store.ingest(ann.id, rawOf(run))
  let reads = 0
  const counting = overriding(store, {
    readRun(...args) {
      reads++
      return store.readRun(...args)
    },
  })
  const ahead = new ReadAhead(counting)
  const maxBytes = 10 * (shared[0]!.bytes.length + 16)
  let after: HeadPosition | undefined
  const next = async (link = 1): Promise<string[]> => {
    const run = await ahead.run({ link, identity: ann.id, after, maxBytes })
    const size = run.reduce((sum, { bytes }) => sum + bytes.length + 2, 0)
    t.ok(size <= maxBytes, `${run.length} entries, ${size} bytes`)
    const last = run.at(-1)
    if (last) after = { comparable: last.comparable, key: last.key }
    return run.map(({ key }) => key)
  }
  const whole = [...shared, ...left].map(({ key }) => key)
  const sent: string[] = []
  while (sent.length < 60) sent.push(...(await next()))
  t.deepEqual(sent, whole.slice(0, sent.length), 'each run goes on where the last one ended')
  t.ok(reads <= 5, `${reads} reads of six runs: the first four one by one`)

  const own = after
  after = undefined
  const other = await next(2)
  t.deepEqual(other, whole.slice(0, other.length), 'another link reads for itself')
  after = own

  await store.ingest(ann.id, rawOf(right), headOfChain(right))
  ahead.forget(ann.id)
  const now = [...shared, ...right].map(({ key }) => key)
  for (let run = await next(); run.length > 0; run = await next()) sent.push(...run)
  t.deepEqual(sent, now, 'after a changeover what was read before it counts no more')
  await store.remove()
})
