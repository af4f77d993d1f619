import test from 'tape'
import { paged } from '../../bin/cli/entries.ts'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { playersContract } from '../../plugins/players/index.ts'
import { collect } from '../helpers/chains.ts'
import { e2e } from '../helpers/node-kit.ts'

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

e2e(
  'a feed is read in pages from a running node: each entry once, in order, and nothing after the last',
  async (t, kit) => {
    const ada = await kit.node()
    const { feeds } = ada.ask(feedsContract)
    for (const name of ['one', 'two', 'three', 'four', 'five']) await ada.ask(playersContract).identify({ name })
    const all = await collect(feeds.read({}))
    t.equal(all.length, 5)
    for (const most of [1, 2, 4, 5, 6])
      t.deepEqual(await collect(paged(most, (after) => feeds.read({ after, limit: most }))), all, `${most} a page`)
    t.deepEqual(await collect(feeds.read({ after: all[4]?.comparable ?? 0 })), [])
    t.deepEqual(await collect(feeds.read({ player: 'five', after: all[2]?.comparable ?? 0, limit: 1 })), [all[3]])
  },
)
