import test from 'tape'
import { timeoutAfter } from '../../lib/base/index.ts'
import { inUse } from '../helpers/heap.ts'
import { until } from '../helpers/until.ts'

test('a time that runs out does so where only a signal of several names it, and memory was collected meanwhile', async (t) => {
  const aborted: string[] = []
  const begin = (): void => {
    const inner = AbortSignal.any([new AbortController().signal, timeoutAfter(300)])
    for (const [name, signal] of [
      ['one of several', inner],
      ['one of several of several', AbortSignal.any([new AbortController().signal, inner])],
    ] as const)
      signal.addEventListener('abort', () => aborted.push(`${name}: ${(signal.reason as Error).name}`), { once: true })
  }
  begin()
  await inUse()
  await until('both are aborted', () => aborted.length === 2)
  t.deepEqual(aborted.sort(), ['one of several of several: TimeoutError', 'one of several: TimeoutError'])
})
