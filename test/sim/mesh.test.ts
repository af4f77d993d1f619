import test from 'tape'
import { median } from '../../bench/kit/figures.ts'
import { KINDS } from './history.ts'
import { reportOf } from './report.ts'
import { judgeHistory } from './verdict.ts'

test('a mesh of 100 nodes of degree 6 in which everyone writes', (t) => {
  const ratios = [1, 2].map((seed) => {
    const verdict = judgeHistory({ ...KINDS.calm, seed, nodes: 100 })
    if (verdict.problems.length > 0) t.fail(reportOf('calm', 100, verdict))
    return verdict.received / verdict.stored
  })
  t.ok(median(ratios) <= 1.05, `an entry reaches a node ${median(ratios).toFixed(4)} times`)
  t.end()
})
