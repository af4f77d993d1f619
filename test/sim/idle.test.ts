import test from 'tape'
import { measureIdle } from './idle.ts'

const FEEDS = 10_000

test(`two nodes with the same ${FEEDS} idle feeds connect again`, (t) => {
  const { first, again, restarted, crashed, grown, added } = measureIdle(FEEDS)
  t.ok(first > FEEDS * 80, `the first exchange names every head: ${first} bytes`)
  t.ok(again <= 2_000, `the next connection takes ${again} bytes`)
  t.ok(restarted <= 2_000, `after one has been started anew ${restarted}`)
  t.ok(grown <= 4_000, `where a feed has grown, with the entry, ${grown}`)
  t.ok(added <= 4_096, `where one has got a feed more and has been started anew, with the entry, ${added}`)
  t.ok(crashed > FEEDS * 80, `after one has lost power everything is told again: ${crashed} bytes`)
  t.end()
})
