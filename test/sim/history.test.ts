import test from 'tape'
import { KINDS } from './history.ts'
import type { Kind } from './history.ts'
import { reportOf } from './report.ts'
import { judgeHistory } from './verdict.ts'
import type { Verdict } from './verdict.ts'

/** More of each by SIM_SEEDS; `npm run sim` runs as many as asked for, in several processes. */
const SEEDS = Number(process.env['SIM_SEEDS'] ?? 1)
const FIRST = Number(process.env['SIM_FIRST_SEED'] ?? 1)
/** Virtual time from the last disturbance until the last head changes: no seed may rest on anything longer. */
const SETTLED = 60_000

function judgeSome(kind: Kind, nodes: number, seeds: number, t: test.Test): Verdict[] {
  const verdicts: Verdict[] = []
  for (let seed = FIRST; seed < FIRST + seeds; seed++) {
    const verdict = judgeHistory({ ...KINDS[kind], seed, nodes })
    verdicts.push(verdict)
    if (verdict.problems.length === 0) continue
    t.fail(reportOf(kind, nodes, verdict))
    break
  }
  const slowest = Math.max(...verdicts.map(({ settled }) => settled))
  const received = verdicts.reduce((sum, verdict) => sum + verdict.received, 0)
  const stored = verdicts.reduce((sum, verdict) => sum + verdict.stored, 0)
  t.comment(
    `${kind}: quiet after ${Math.round(slowest)} ms at most; ${(received / stored).toFixed(4)} entries received for each stored`,
  )
  t.ok(stored > 0 && received / stored <= 1.2, 'an entry reaches a node about once')
  t.ok(slowest < SETTLED, 'none took longer than a minute of virtual time')
  return verdicts
}

test('300 simulated nodes under 10 % loss, with a partition that heals, end with the same heads', (t) => {
  t.equal(judgeSome('standard', 300, SEEDS, t).length, SEEDS, 'every seed was run')
  t.end()
})

test('60 simulated nodes of which a fifth crash and a fifth leave end with the same heads', (t) => {
  t.equal(judgeSome('rough', 60, 4 * SEEDS, t).length, 4 * SEEDS, 'every seed was run')
  t.end()
})

test('40 simulated nodes, some with one key, some put back to a backup: forks heal and nothing is lost', (t) => {
  t.equal(judgeSome('forks', 40, 4 * SEEDS, t).length, 4 * SEEDS, 'every seed was run')
  t.end()
})

test('40 simulated nodes among hostile ones end with the same heads', (t) => {
  t.equal(judgeSome('hostile', 40, 4 * SEEDS, t).length, 4 * SEEDS, 'every seed was run')
  t.end()
})

test('a history is what its seed says', (t) => {
  const init = { ...KINDS.rough, nodes: 30 }
  const once = judgeHistory({ ...init, seed: 7 })
  t.deepEqual(judgeHistory({ ...init, seed: 7 }), once, 'the same seed is the same history')
  t.notDeepEqual(judgeHistory({ ...init, seed: 8 }), { ...once, seed: 8 }, 'another seed is another')
  t.end()
})
