import test from 'tape'
import { chunkKey } from '../../lib/store/layout.ts'
import { writesInSlices, writesOf } from '../../lib/store/rows.ts'
import { chain, identityNamed } from '../helpers/chains.ts'

/** How often the loop gets round to others before the work is done. */
async function pausesOf(work: () => Promise<unknown>): Promise<number> {
  let pauses = 0
  let going = true
  const count = (): void => {
    if (!going) return
    pauses++
    setImmediate(count)
  }
  setImmediate(count)
  await work()
  going = false
  return pauses
}

test('store: the rows of a large run are made in slices, those of a run of gossip in one go', async (t) => {
  const entries = chain(identityNamed('ada'), 2_048, null)
  const slot = { feed: 1, branch: 0, count: entries.length }
  const pauses = await pausesOf(() => writesInSlices(entries, slot))
  t.ok(pauses >= 5, `the loop is left to others ${pauses} times`)
  const few = entries.slice(0, 112)
  t.equal(await pausesOf(() => writesInSlices(few, { ...slot, count: few.length })), 0, 'not at all for a few')

  const sliced = await writesInSlices(entries, slot)
  t.deepEqual(sliced, writesOf(entries, slot), 'the rows are the same')
  const chunks = sliced.filter(({ key }) => key[0] === chunkKey(0, 0, 0)[0])
  t.ok(chunks.length > 5, `${chunks.length} chunks`)
})
