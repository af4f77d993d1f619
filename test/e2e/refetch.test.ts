import type { PlayerId } from '../../lib/base/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import { levelAt } from '../../lib/store/index.ts'
import { CHUNK, parseChunkKey } from '../../lib/store/layout.ts'
import { bundlesContract, type VerifyDone } from '../../plugins/bundles/index.ts'
import { gossipContract } from '../../plugins/gossip/index.ts'
import { codeOf } from '../helpers/hosts.ts'
import { asked, marmalade } from '../helpers/programs.ts'
import { e2e, type NodeKit, type TestNode } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'

async function verified(node: TestNode): Promise<VerifyDone> {
  for await (const item of node.ask(bundlesContract).bundle.verify({})) if (item.kind === 'done') return item
  throw new Error('the check came to no end')
}

/** Ada's node, started anew with a damaged chunk in the feed of Ben, whom she follows and whose node has ended. */
async function damaged(kit: NodeKit): Promise<{ ada: TestNode; ben: PlayerId; benAgain: () => Promise<TestNode> }> {
  const [first, ben] = [await kit.node(), await kit.node()]
  for (let at = 0; at < 40; at++) await ben.write({ type: 'public_note', text: `note ${at}` })
  await first.follow(ben)
  await first.dial(ben)
  await first.caughtUpWith(ben)
  const home = first.node.home
  await first.node.close()
  await ben.node.close()
  const db = levelAt(home.db)
  await db.open()
  const keys = await db.keys({ gte: Uint8Array.of(CHUNK), lt: Uint8Array.of(CHUNK + 1) }).all()
  const ofBen = keys.filter((key) => parseChunkKey(key).feed === parseChunkKey(keys.at(-1) ?? key).feed)
  for (const key of ofBen.slice(0, 1)) await db.put(key, Uint8Array.of(1))
  await db.close()
  const ada = await kit.node({ home: home.path })
  return { ada, ben: ben.id, benAgain: () => kit.node({ home: ben.node.home.path }) }
}

e2e("a damaged feed of another's is deleted and drawn anew from a peer that has all of it", async (t, kit) => {
  const { ada, ben, benAgain } = await damaged(kit)
  const { gossip } = ada.ask(gossipContract)
  const found = await verified(ada)
  t.ok(found.bad > 0)
  t.deepEqual(found.damaged, [{ player: ben, shown: ada.feeds.directory.shown(ben), own: false }])
  t.equal(await codeOf(gossip.refetch({ player: ben })), 'DISCARD_UNSURE', 'nobody is connected')
  t.equal(await codeOf(gossip.refetch({ player: ada.id, insist: true })), 'DISCARD_OWN')
  const stranger = await kit.node()
  t.equal(await codeOf(gossip.refetch({ player: stranger.id, insist: true })), 'DISCARD_NOTHING', 'not drawn')
  t.ok(await ada.feeds.store.head(ben), 'nothing has gone')
  const author = await benAgain()
  await ada.dial(author)
  await until('gossip goes on', async () => (await gossip.status()).length === 1)
  const gone = await gossip.refetch({ player: ben })
  t.deepEqual([gone.player, gone.holders], [ben, [ben]])
  await ada.caughtUpWith(author)
  const { bad, damaged: left } = await verified(ada)
  t.deepEqual([bad, left], [0, []])
  t.equal((await ada.feeds.store.head(ben))?.count, gone.entries)
  t.deepEqual((await gossip.refetch({ player: ben })).holders, [ben], 'a second time right after: no link was closed')
  await ada.caughtUpWith(author)
  await author.write({ type: 'public_note', text: 'live again' })
  await ada.caughtUpWith(author)
})

e2e('a feed that was deleted while nobody had it comes once its author is met, after a restart too', async (t, kit) => {
  const { ada, ben, benAgain } = await damaged(kit)
  await ada.ask(gossipContract).gossip.refetch({ player: ben, insist: true })
  t.equal(await ada.feeds.store.head(ben), undefined)
  await ada.node.close()
  const again = await kit.node({ home: ada.node.home.path })
  const author = await benAgain()
  await again.dial(author)
  await again.caughtUpWith(author)
  t.equal((await verified(again)).bad, 0)
})

e2e('where no node runs, verify names the command, which asks for --yes', async (t, kit) => {
  const { ada, ben } = await damaged(kit)
  const home = ada.node.home.path
  const shown = ada.feeds.directory.shown(ben)
  await ada.node.close()
  const found = await marmalade(['verify'], { home })
  t.equal(found.code, 1)
  t.ok(found.stdout.includes(`the feed of ${shown} is damaged: \`feeds refetch ${shortIdOf(ben)}\` draws it anew`))
  const unsure = await marmalade(['feeds', 'refetch', shortIdOf(ben)], { home })
  t.deepEqual([unsure.code, unsure.stdout], [1, ''])
  t.match(unsure.stderr, /would be lost.*--yes \(DISCARD_UNSURE\)/)
  t.match((await marmalade(['feeds', 'refetch', ada.id, '--yes'], { home })).stderr, /`key restore`.*\(DISCARD_OWN\)/)
  const gone = await asked<{ player: string; node: string }>(['feeds', 'refetch', shortIdOf(ben), '--yes'], { home })
  t.deepEqual([gone.player, gone.node], [ben, 'does not run'])
  t.equal((await marmalade(['verify'], { home })).code, 0)
})
