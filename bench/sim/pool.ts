import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Kind } from '../../test/sim/history.ts'
import type { Verdict } from '../../test/sim/verdict.ts'

export interface Task {
  readonly kind: Kind
  readonly nodes: number
  readonly seed: number
}

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))

/**
 * Judges tasks in several processes, each as soon as one is free.
 * @param onVerdict told of each, in the order in which they are done
 */
export async function judgeAll(
  tasks: Iterator<Task>,
  processes: number,
  onVerdict: (verdict: Verdict, task: Task) => void,
): Promise<void> {
  await Promise.all(Array.from({ length: processes }, () => work(tasks, onVerdict)))
}

function work(tasks: Iterator<Task>, onVerdict: (verdict: Verdict, task: Task) => void): Promise<void> {
  const child = fork(WORKER, { execArgv: ['--import', 'tsx'] })
  let task: Task | undefined
  const next = (): void => {
    const { value, done } = tasks.next() as IteratorResult<Task, undefined>
    task = done ? undefined : value
    child.send(task ?? 'enough')
  }
  return new Promise((resolve, reject) => {
    child.on('message', (verdict) => {
      if (task) onVerdict(verdict as Verdict, task)
      next()
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (!task) resolve()
      else reject(new Error(`the process of seed ${task.seed} ended with code ${code ?? 'none'}`))
    })
    next()
  })
}
