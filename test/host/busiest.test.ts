import test from 'tape'
import { oldestOfBusiest } from '../../lib/host/busiest.ts'

test('busiest: whoever has the most loses the oldest', (t) => {
  const of = (...items: string[]): string | undefined => oldestOfBusiest(items, (item) => item.charAt(0))
  t.equal(of(), undefined)
  t.equal(of('a1', 'b1', 'c1'), 'a1', 'of one each the first of all')
  t.equal(of('a1', 'b1', 'c1', 'b2'), 'b1')
  t.equal(of('a1', 'b1', 'b2', 'a2'), 'a1', 'of two who have as many the one that came first')
  t.end()
})
