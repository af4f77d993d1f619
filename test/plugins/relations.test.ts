import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tape'
import { refOf } from '../../lib/base/index.ts'
import { feedsContract, type FeedRow, type Why } from '../../plugins/feeds/index.ts'
import { generatorsContract } from '../../plugins/generators/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { playersContract } from '../../plugins/players/index.ts'
import { collect } from '../helpers/chains.ts'
import { codeOf } from '../helpers/hosts.ts'
import { e2e, meet, startJam, startSounding, type TestNode } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'
import { asked, marmalade } from '../helpers/programs.ts'

const whyOf = (node: TestNode, player: string): Promise<Why> => node.ask(feedsContract).feeds.why({ player })

async function says(t: Test, node: TestNode, expected: RegExp, ...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await marmalade(args, { home: node.node.home.path })
  t.deepEqual([code, stderr], [0, ''], `marmalade ${args.join(' ')}`)
  t.match(stdout, expected)
}

e2e('commands follow, block, ignore and trust, and say why a feed is here', async (t, kit) => {
  const ada = await kit.node({ config: { name: 'ada' } })
  const ben = await kit.node({ config: { name: 'ben' } })
  const cy = await kit.node({ config: { name: 'cy' } })
  await ben.follow(cy)
  await cy.dial(ben)
  await meet(ada, ben)
  await ada.caughtUpWith(cy)
  const home = ada.node.home.path
  await says(t, ada, /^player +entries +newest +short id +why\n/, 'feeds')
  await says(t, ada, /^ben .* follow$/m, 'feeds')
  await says(t, ada, /^cy .* hop 2$/m, 'feeds')
  await says(
    t,
    ada,
    /^ben: drawn; \d+ entries here, the newest .* ago\n {2}followed by you since \d{4}-\d\d-\d\d\n$/,
    'feeds',
    '--why',
    'ben',
  )
  await says(t, ada, /\n {2}followed by ben since \d{4}-\d\d-\d\d, whom you follow\n$/, 'feeds', '--why', 'cy')
  await says(t, ada, /\n {2}your own feed\n$/, 'feeds', '--why', 'ada')

  await says(t, ada, /^you ignore cy now/, 'ignore', 'cy')
  await says(t, ada, /^cy .* hop 2 +ignored$/m, 'feeds')
  await says(
    t,
    ada,
    /\n {2}ignored by you since \d{4}-\d\d-\d\d: not shown or heard here, passed on as before\n$/,
    'feeds',
    '--why',
    'cy',
  )
  await says(t, ada, /^you no longer ignore cy/, 'unignore', 'cy')
  await says(t, ada, /^you trust cy now/, 'trust', 'cy')
  t.deepEqual(JSON.parse(await readFile(join(home, 'trusted.json'), 'utf8')), [cy.id])
  await says(t, ada, /\n {2}trusted: its programs may run on this machine\n$/, 'feeds', '--why', 'cy')
  await says(t, ada, /^you no longer trust cy/, 'untrust', 'cy')

  await says(t, ada, /^you block cy now/, 'block', 'cy')
  await says(
    t,
    ada,
    /^cy: not drawn; .*\n {2}blocked by you since \d{4}-\d\d-\d\d: neither drawn nor served\n$/,
    'feeds',
    '--why',
    'cy',
  )
  t.deepEqual((await ada.feedRow(cy.id))?.why, ['blocked'])
  await says(t, ada, /^you no longer block cy/, 'unblock', 'cy')
  await says(t, ada, /^you no longer follow ben/, 'unfollow', 'ben')
  await says(
    t,
    ada,
    /^cy: not drawn; .*\n {2}not drawn any more: nobody within 2 hops of yours follows it, and it is in no jam that you are in; what came before is kept\n$/,
    'feeds',
    '--why',
    'cy',
  )
  const unknown = `@${'A'.repeat(43)}=.ed25519`
  const answer = await asked<Why>(['feeds', '--why', unknown], { home })
  t.deepEqual([answer.drawn, answer.entries, answer.why], [false, 0, ['kept']])
  t.match(answer.words[0] ?? '', /^not drawn: /)
  const rows = await asked<FeedRow[]>(['feeds'], { home })
  t.deepEqual(
    rows.map(({ ignored }) => ignored),
    [false, false, false],
  )
  for (const verb of ['follow', 'block', 'ignore', 'trust'])
    t.equal((await marmalade([verb, 'ada'], { home })).code, 2, `${verb} oneself`)
  t.equal((await marmalade(['ignore', 'nobody'], { home })).code, 1)

  const boxed = await collect(ada.feeds.store.byType('.box', { identity: ada.id }))
  t.equal(boxed.length, 2, 'what is ignored is in entries')
  t.ok(
    boxed.every(({ payload }) => typeof payload === 'string'),
    'that others cannot read',
  )
  t.equal((await collect(ada.feeds.store.byType('trust'))).length, 0, 'what is trusted is in none')
})

e2e('who is trusted and ignored is remembered; a file that cannot be read is named', async (t, kit) => {
  const ada = await kit.node()
  const { id: ben } = await kit.node()
  await ada.ask(feedsContract).feeds.trust({ player: ben, on: true })
  await ada.ask(feedsContract).feeds.ignore({ player: ben, on: true })
  await ada.node.close()
  const again = await kit.node({ home: ada.node.home.path })
  t.ok(again.feeds.trust.has(ben))
  t.ok(again.feeds.ignored.has(ben))
  await again.node.close()
  await writeFile(join(ada.node.home.path, 'trusted.json'), '["ben"]')
  t.equal(await codeOf(kit.node({ home: ada.node.home.path })), 'CONFIG_INVALID')
})

e2e('whom one ignores is neither listed nor heard by oneself; others see and get it as before', async (t, kit) => {
  const ada = await kit.node()
  const ben = await kit.node()
  const cy = await kit.node()
  await meet(ada, ben)
  await meet(cy, ada)
  await ben.publish('bass')
  await ada.caughtUpWith(ben)
  await startSounding('friday', ada, ben)
  await ada.ask(feedsContract).feeds.ignore({ player: ben.id, on: true })
  const muted = `player:${refOf(ben.id)}`
  await until('he is silent in her mix', async () => JSON.stringify(await ada.takeLines()).includes(refOf(ben.id)))
  t.ok(
    (await ada.takeLines()).some((line) => JSON.stringify(line).includes('"mute":true')),
    `a local act, in the take: ${muted}`,
  )
  const listed = async (
    of: Promise<readonly { readonly player?: string; readonly identity?: string }[]>,
  ): Promise<boolean> => (await of).some(({ player, identity }) => (player ?? identity) === ben.id)
  t.notOk(await listed(ada.ask(playersContract).players()))
  t.notOk(await listed(ada.ask(generatorsContract).generators()))
  t.ok(await listed(ada.ask(generatorsContract).generators({ player: ben.id })), 'unless asked for')
  const link = cy.linkTo(ada)
  t.ok(await listed(link.remote(playersContract).players()), 'others are told of him')
  t.ok(await listed(link.remote(generatorsContract).generators()))
  await ben.write({ type: 'public_note', text: 'am I heard?' })
  await cy.caughtUpWith(ben)
  t.ok(
    (await ada.show(`${ada.id}:friday` as Parameters<TestNode['show']>[0])).players.some(
      ({ player }) => player === ben.id,
    ),
    'a member as before',
  )
})

e2e('a member of a jam who is not followed is served the feeds of that jam and no other', async (t, kit) => {
  const ada = await kit.node()
  const ben = await kit.node()
  const cy = await kit.node()
  const dee = await kit.node()
  await meet(ada, ben)
  await meet(ada, cy)
  const jam = await startJam('friday', ada, ben)
  await ada.ask(jamsContract).jam.admit({ jam, player: dee.id })
  for (const other of [ada, ben, cy]) await dee.follow(other)
  await dee.dial(ada)
  await dee.ask(jamsContract).jam.join({ jam })
  await until(
    'a member',
    () => ada.roleOf(dee),
    (role) => role === 'member',
  )
  await dee.caughtUpWith(ben)
  t.deepEqual((await whyOf(ada, dee.id)).why, ['jam'])
  t.match(
    (await whyOf(ada, dee.id)).words[0] ?? '',
    /^member of the jam .*:friday, admitted by you on \d{4}-\d\d-\d\d$/,
  )
  t.match(
    (await whyOf(dee, ada.id)).words.join('; '),
    /^followed by you since .*; member of the jam .*:friday, who started it$/,
  )
  t.ok(ada.feeds.mayServe(cy.id, 'tracked', ben.id), 'those followed share what is followed')
  t.notOk(ada.feeds.mayServe(cy.id, 'tracked', dee.id), 'what is drawn for a jam is for those in it')
  t.ok(ada.feeds.mayServe(ben.id, 'member', dee.id))
  t.notOk(ada.feeds.mayServe(dee.id, 'member', cy.id))
  t.equal(await dee.feeds.store.head(cy.id), undefined, 'whoever follows her or not')
  await ada.follow(dee)
  await dee.caughtUpWith(cy)

  await ada.ask(jamsContract).jam.remove({ jam, player: dee.id })
  await until('out', async () => !(await ada.show(jam)).players.find(({ player }) => player === dee.id)?.counts)
  t.match((await whyOf(ada, dee.id)).words.join('; '), /was a member of the jam .*:friday/)
  const { jam: ask } = ada.ask(jamsContract)
  t.equal(await codeOf(ask.remove({ jam, player: dee.id })), 'NOT_MEMBER')
  t.equal(await codeOf(ask.remove({ jam, player: ada.id })), 'USAGE')
  t.equal(await codeOf(ben.ask(jamsContract).jam.remove({ jam, player: ada.id })), 'STARTER_ONLY')
})
