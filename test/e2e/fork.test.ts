import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PlayerId } from '../../lib/base/index.ts'
import { e2e, until, type NodeKit, type TestNode } from '../helpers/node-kit.ts'

/** Ada on two machines: one key in two homes; each has written while they were apart. */
async function twice(kit: NodeKit): Promise<{ desk: TestNode; stage: TestNode; ada: PlayerId }> {
  const desk = await kit.node()
  const home = join(await kit.folder(), 'stage')
  await mkdir(home, { recursive: true })
  await copyFile(desk.node.home.secret, join(home, 'secret'))
  const stage = await kit.node({ home })
  for (const text of ['desk one', 'desk two', 'desk three']) await desk.write({ type: 'public_note', text })
  for (const text of ['stage one', 'stage two']) await stage.write({ type: 'public_note', text })
  return { desk, stage, ada: desk.id }
}

const headOf = async (node: TestNode, player: PlayerId): Promise<string | undefined> =>
  (await node.feeds.store.head(player))?.key

async function agreed(nodes: readonly TestNode[], player: PlayerId): Promise<string> {
  const [head] = await until(
    'all have one head',
    () => Promise.all(nodes.map((node) => headOf(node, player))),
    (heads) => new Set(heads).size === 1 && heads[0] !== undefined,
  )
  if (head === undefined) throw new Error('no head')
  return head
}

e2e('one key on two machines: a third node takes both chains and all agree on the higher head', async (t, kit) => {
  const { desk, stage, ada } = await twice(kit)
  t.equal(desk.id, stage.id)
  const higher = await headOf(stage, ada)
  const lower = await headOf(desk, ada)
  t.notEqual(higher, lower)

  const cy = await kit.node()
  await cy.follow({ id: ada })
  await desk.dial(cy)
  await until('one chain is there', async () => (await headOf(cy, ada)) === lower)
  t.equal((await cy.feedRow(ada))?.lostBranches, 0)
  await stage.dial(cy)
  await until('the higher one takes over', async () => (await headOf(cy, ada)) === higher)
  t.equal((await cy.feedRow(ada))?.lostBranches, 1, 'the other is kept')

  // One player has one connection: the one that came last. The first machine comes back and hears what it lacks.
  await desk.dial(cy)
  t.equal(await agreed([desk, stage, cy], ada), higher)
  for (const node of [desk, cy])
    await until(
      'what lost is kept',
      () => node.feedRow(ada),
      (row) => row?.lostBranches === 1,
    )

  const next = await stage.write({ type: 'public_note', text: 'on with it' })
  await stage.dial(cy)
  await until('the feed goes on', async () => (await headOf(cy, ada)) === next.key)
  await desk.dial(cy)
  t.equal(await agreed([desk, stage, cy], ada), next.key)
  const texts: unknown[] = []
  for await (const { payload } of cy.feeds.store.read(ada)) texts.push((payload as Record<string, unknown>)['text'])
  t.deepEqual(texts, ['stage one', 'stage two', 'on with it'], 'one chain, never a mixture')
})

e2e('two machines with one key agree also when they meet directly', async (t, kit) => {
  const { desk, stage, ada } = await twice(kit)
  const higher = await headOf(stage, ada)
  await desk.dial(stage)
  t.equal(await agreed([desk, stage], ada), higher)
  t.equal((await desk.feedRow(ada))?.lostBranches, 1)
})
