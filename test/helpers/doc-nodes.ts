import { connectLocal, type LocalNode } from '../../lib/host/index.ts'
import { homeAt } from '../../lib/store/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import type { DocMachines } from './doc-commands.ts'
import { eventually } from './until.ts'

/** Asks the node that a document has started on one of its machines. */
export async function onNode<T>(
  machines: DocMachines,
  machine: string,
  body: (node: LocalNode) => Promise<T>,
): Promise<T> {
  const node = await connectLocal(homeAt(machines.home(machine)).socket)
  try {
    return await body(node)
  } finally {
    await node.close()
  }
}

/** Waits until two nodes hold the same entries of a jam: people who say goodbye do not do so within a millisecond of the last bar. */
export async function bothHaveAll(
  machines: DocMachines,
  [one, other]: readonly [string, string],
  jam: string,
): Promise<void> {
  const keys = (machine: string): Promise<string> =>
    onNode(machines, machine, async (node) => {
      const found: string[] = []
      for await (const { key } of node.remote(jamsContract).jam.entries({ jam })) found.push(key)
      return found.sort().join()
    })
  await eventually(`${one} and ${other} hold the same`, async () => (await keys(one)) === (await keys(other)))
}
