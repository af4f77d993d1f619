import test from 'tape'
import { paged } from '../../bin/cli/entries.ts'
import { collect } from '../helpers/chains.ts'

test('paged: every row once, in order, however many pages there are', async (t) => {
  for (const length of [0, 1, 3, 4, 6, 7]) {
    const rows = Array.from({ length }, (_, at) => ({ comparable: 10 * at + 10 }))
    const asked: number[] = []
    const page = async function* (after: number) {
      asked.push(after)
      yield* rows.filter(({ comparable }) => comparable > after).slice(0, 3)
    }
    t.deepEqual(await collect(paged(3, page)), rows, String(length))
    t.equal(asked.length, Math.floor(length / 3) + 1)
  }
})
