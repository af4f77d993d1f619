import { copyFile, cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PlayerId } from '../../lib/base/index.ts'
import { standsFor } from '../../lib/feed/index.ts'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { codeOf } from '../helpers/hosts.ts'
import { e2e, type NodeKit, type TestNode } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'

/** Ada on two machines: one key in two homes; each has written while they were apart. */
async function twice(kit: NodeKit): Promise<{ desk: TestNode; stage: TestNode; ada: PlayerId }> {
  const desk = await kit.node()
  const home = join(await kit.folder(), 'stage')
  await mkdir(home, { recursive: true })
  await copyFile(desk.node.home.secret, join(home, 'secret'))
  const stage = await kit.node({ home })
  await stage.ask(feedsContract).feeds.resume()
  for (const text of ['desk one', 'desk two', 'desk three']) await desk.write({ type: 'public_note', text })
  for (const text of ['stage one', 'stage two']) await stage.write({ type: 'public_note', text })
  return { desk, stage, ada: desk.id }
}

const headOf = async (node: TestNode, player: PlayerId): Promise<string | undefined> =>
  (await node.feeds.store.head(player))?.key

/** The texts of a player's notes on a node, each once, in the order of their originals. */
async function texts(node: TestNode, player: PlayerId): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const entry of node.feeds.store.byType('public_note', { identity: player, reverse: true }))
    found.push((standsFor(entry).payload as Record<string, unknown>)['text'])
  return found
}
async function leave(node: TestNode, other: TestNode): Promise<void> {
  await node.linkTo(other).close()
  await until('both ends know that it is gone', () => other.node.host.connectionTo(node.id) === undefined)
}
const ALL = ['desk one', 'desk two', 'desk three', 'stage one', 'stage two']

e2e('one key on two machines: both chains come together through a third node, and nothing is lost', async (t, kit) => {
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
  // One player has one connection.
  await leave(desk, cy)
  await stage.dial(cy)
  await until('the higher one takes over', async () => (await headOf(cy, ada)) !== lower)
  await leave(stage, cy)
  // The first machine comes back, hears what it lacks, and heals.
  await desk.dial(cy)
  for (const node of [cy, desk])
    await until(
      'all is in one feed',
      () => texts(node, ada),
      (seen) => seen.join() === ALL.join(),
    )
  await leave(desk, cy)
  await stage.dial(cy)
  for (const node of [desk, stage, cy]) {
    await until(
      'all is in one feed on every node',
      () => texts(node, ada),
      (seen) => seen.join() === ALL.join(),
    )
    await until(
      'no branch has to be kept',
      () => node.feedRow(ada),
      (row) => row?.lostBranches === 0,
    )
  }
  const { words } = await desk.ask(feedsContract).feeds.health()
  t.match(words.join(), /kept by publishing them again/, 'its owner is told')
})

e2e('two machines with one key agree also when they meet directly', async (t, kit) => {
  const { desk, stage, ada } = await twice(kit)
  await desk.dial(stage)
  for (const node of [desk, stage])
    await until(
      'all is in one feed',
      () => texts(node, ada),
      (seen) => seen.join() === ALL.join(),
    )
  t.equal(await headOf(desk, ada), await headOf(stage, ada))
})

e2e('a restored backup publishes nothing until a peer has answered, and loses nothing', async (t, kit) => {
  const ada = await kit.node()
  const cy = await kit.node()
  await cy.follow(ada)
  await ada.write({ type: 'public_note', text: 'before the backup' })
  const { path } = ada.node.home
  await ada.node.close()
  const backup = join(await kit.folder(), 'backup')
  await cp(path, backup, { recursive: true })
  const again = await kit.node({ home: path })
  await again.dial(cy)
  await again.write({ type: 'public_note', text: 'after the backup' })
  await cy.caughtUpWith(again)
  await again.node.close()

  const restored = await kit.node({ home: backup })
  t.equal(await codeOf(restored.write({ type: 'public_note', text: 'too soon' })), 'FEED_RESTORED')
  t.match((await restored.ask(feedsContract).feeds.health()).words.join(), /restored from a backup or copied/)
  await restored.dial(cy)
  await until('the feed goes on', async () => !(await restored.ask(feedsContract).feeds.health()).restored)
  await restored.write({ type: 'public_note', text: 'after the restore' })
  await cy.caughtUpWith(restored)
  const all = ['before the backup', 'after the backup', 'after the restore']
  t.deepEqual(await texts(cy, ada.id), all)
  t.equal((await cy.feedRow(ada.id))?.lostBranches, 0, 'without any fork')
})
