import { join } from 'node:path'
import { ChildNode } from '../cli/child-node.ts'
import type { Who } from './plan.ts'

/** One of the demo's players. */
export type DemoPlayer = ChildNode<Who>

/** Both players. */
export type Pair = Readonly<Record<Who, DemoPlayer>>

/** Starts both at once; where one does not start the other is ended too. @throws NODE_NOT_RUNNING */
export async function startPair(folder: string, sinkOf: (who: Who) => string): Promise<Pair> {
  const started = await Promise.allSettled(
    (['ada', 'ben'] as const).map((name) => {
      const [home, log] = [join(folder, name), join(folder, `${name}.log`)]
      return ChildNode.start({ name, home, log, sink: sinkOf(name), group: 'ours' })
    }),
  )
  const [ada, ben] = started.map((each) => (each.status === 'fulfilled' ? each.value : undefined))
  if (ada && ben) return { ada, ben }
  await Promise.all([ada?.stop(), ben?.stop()])
  throw started.find((each) => each.status === 'rejected')?.reason
}
