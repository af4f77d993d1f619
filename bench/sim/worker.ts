/** Runs simulated histories, one for each message. Its parent is `pool.ts`. */
import { KINDS } from '../../test/sim/history.ts'
import { judgeHistory } from '../../test/sim/verdict.ts'
import type { Task } from './pool.ts'

process.on('message', (task: Task | 'enough') => {
  if (task === 'enough') process.exit(0)
  process.send?.(judgeHistory({ ...KINDS[task.kind], nodes: task.nodes, seed: task.seed }))
})
process.on('disconnect', () => process.exit(0))
