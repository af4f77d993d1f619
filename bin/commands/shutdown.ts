import { setTimeout as wait } from 'node:timers/promises'
import type { Command } from 'commander'
import { connectLocal } from '../../lib/host/index.ts'
import { nodeContract } from '../../plugins/node/index.ts'
import { act, addCommand } from '../cli/context.ts'

export function addShutdown(program: Command): void {
  const command = addCommand(program, {
    usage: 'shutdown',
    summary: 'end the node; its files are finished first',
    examples: ['shutdown'],
  })
  act(command, async (context) => {
    const node = await connectLocal(context.home.socket)
    const { pid } = await node.remote(nodeContract).node.shutdown()
    await gone(pid)
    context.print({ pid }, () => `the node (process ${pid}) has ended`)
  })
}

/** Waits until the process has ended: after that the home may be opened by another. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await wait(20)
  }
}
