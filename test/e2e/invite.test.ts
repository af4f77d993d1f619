import { mkdir, writeFile } from 'node:fs/promises'
import { jamIdOf, name } from '../../lib/base/index.ts'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { invitesContract } from '../../plugins/invites/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { withNodes } from '../helpers/program-nodes.ts'
import { asked, marmalade } from '../helpers/programs.ts'
import { eventually } from '../helpers/until.ts'

/** From paste to the first entry of somebody else: the budget of the issue. */
const BUDGET_MILLIS = 3_000

withNodes('an invite, from paste to the first foreign entry', async (t, nodes) => {
  const [ada, ben] = [await nodes.start('ada'), await nodes.start('ben')]
  await ada.ask(jamsContract).jam.start({ name: 'friday' })
  const jam = jamIdOf(ada.id, name('friday'))
  const { code } = await ada.ask(invitesContract).invite.create({ jam: 'friday', uses: 2 })
  const pasted = performance.now()
  const accepted = await ben.ask(invitesContract).invite.accept({ code })
  t.ok(accepted.connected)
  for (;;) {
    let entries = 0
    for await (const row of ben.ask(feedsContract).feeds.list()) if (row.player === ada.id) entries = row.entries
    if (entries > 0) break
    if (performance.now() - pasted > 20 * BUDGET_MILLIS) throw new Error('no entry of hers ever came')
  }
  const millis = performance.now() - pasted
  t.comment(`the first foreign entry came ${millis.toFixed(0)} ms after the code was pasted`)
  t.ok(millis < BUDGET_MILLIS, `${millis.toFixed(0)} ms`)

  const shown = await eventually(
    'he is let in',
    () => ben.ask(jamsContract).jam.show({ jam }),
    ({ mine }) => mine === 'member',
  )
  t.equal(shown.members, 2)

  // With no node and no home at all: one command makes both.
  const home = await nodes.place('cy')
  await mkdir(home)
  await writeFile(`${home}/config.json`, JSON.stringify({ port: 0, host: '127.0.0.1', sink: 'null' }))
  const began = performance.now()
  const found = await asked<{ connected: boolean; started: boolean }>(['invite', 'accept', code], { home })
  t.comment(
    `one command from nothing took ${(performance.now() - began).toFixed(0)} ms, two starts of the program included`,
  )
  try {
    t.deepEqual([found.connected, found.started], [true, true])
    const peers = await asked<{ connected: { shown: string; roundTrip: number; owedEntries: number }[] }>(['peers'], {
      home,
    })
    t.equal(peers.connected.length, 1)
    t.ok((peers.connected[0]?.roundTrip ?? -1) >= 0, 'peers shows the round trip')
    const words = await marmalade(['peers'], { home })
    t.ok(/received +sent +round trip +(owed +)?address/.test(words.stdout), words.stdout)
    const status = await marmalade(['status'], { home })
    t.match(status.stdout, /^connected to \S+: `peers` says how well$/m)
    t.notOk(/\b1 (feeds|entries|blobs)\b/.test(status.stdout), 'one is one')
    const piped = (text: string) => marmalade(['invite', 'accept', '-'], { home, under: inputOf(text) })
    const read = await piped(code)
    t.equal(read.code, 0, `a code from standard input: ${read.stderr}`)
    for (const text of ['', 'x'.repeat(5_000)]) {
      const unread = await piped(text)
      t.equal(unread.code, 2)
      t.match(unread.stderr, /standard input holds no invite code/)
    }
    const again = await marmalade(['invite', 'accept', code.slice(0, -1)], { home })
    t.equal(again.code, 1)
    t.ok(again.stderr.includes('INVITE_MALFORMED') && again.stderr.trim().split('\n').length === 1, again.stderr)
    const usage = await marmalade(['invite', 'create', '--expires', 'soon'], { home })
    t.equal(usage.code, 2)
    t.ok(usage.stderr.includes('30m, 12h or 7d'), usage.stderr)
    const made = await asked<{ invite: string; state: string }>(['invite', 'create', '--expires', 'never'], { home })
    t.equal(made.state, 'open')
    t.equal((await asked<{ state: string }>(['invite', 'revoke', made.invite], { home })).state, 'revoked')
    t.equal((await asked<unknown[]>(['invite', 'list'], { home })).length, 1)
  } finally {
    await marmalade(['shutdown'], { home })
  }
})

/** What runs a command with a text on its standard input. */
const inputOf = (text: string): string[] => ['sh', '-c', 'printf %s "$0" | "$@"', text]
