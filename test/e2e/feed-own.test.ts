import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'tape'
import { systemClock } from '../../lib/base/node/clock.ts'
import { loadOrCreateIdentity, nodeCrypto } from '../../lib/keys/index.ts'
import { homeAt, openHome, openHomeStore } from '../../lib/store/index.ts'
import { keysOf, note } from '../helpers/chains.ts'
import { Teardown } from '../helpers/hosts.ts'
import { e2e } from '../helpers/node-kit.ts'
import { asked, marmalade } from '../helpers/programs.ts'

/** A home with these notes in its player's feed; their keys. */
async function homeWith(path: string, texts: readonly string[]): Promise<string[]> {
  const home = openHome(path)
  const { id, signer } = loadOrCreateIdentity(home.secret)
  const store = await openHomeStore(home, { identity: id, signer, crypto: nodeCrypto, clock: systemClock })
  const entries = await Promise.all(texts.map((text) => store.append(note(text))))
  await store.close()
  return keysOf(entries)
}

interface Shown {
  readonly entries: readonly {
    readonly payload: { readonly type: string; readonly payload?: { readonly text: string } }
  }[]
  readonly lost: readonly unknown[]
}
const shown = ({ entries }: Shown): string[] => entries.map(({ payload }) => payload.payload?.text ?? payload.type)

test('feed rebase: entries are dropped by their keys, and what cannot be done says why', async (t) => {
  const teardown = new Teardown()
  const home = join(await teardown.folder(), 'home')
  const [one = '', two = '', three = ''] = await homeWith(home, ['one', 'two', 'three'])
  const at = { home }
  const unsure = await marmalade(['feed', 'rebase', '--drop', one], at)
  t.equal(unsure.code, 2)
  t.match(unsure.stderr, /nobody can be asked here: add --yes \(USAGE\)/)
  t.equal((await marmalade(['feed', 'rebase', '--yes'], at)).code, 2, 'nothing to drop')
  t.match(
    (await marmalade(['feed', 'rebase', '--yes', '--drop', 'two'], at)).stderr,
    /is no key of an entry.*\(USAGE\)/,
  )
  t.match((await marmalade(['feed', 'rebase', '--yes', '--drop', '%zzzz'], at)).stderr, /\(REBASE_UNKNOWN\)/)
  t.match((await marmalade(['feed', 'rebase', '--yes', '--ahead'], at)).stderr, /\(REBASE_NOTHING\)/)
  const done = await asked<{ dropped: string[]; kept: number }>(
    ['feed', 'rebase', '--yes', '--drop', one, two.slice(1, 9)],
    at,
  )
  t.deepEqual([done.dropped, done.kept], [[one, two], 1])
  t.deepEqual(shown(await asked<Shown>(['feed'], at)), ['rebase', 'three'])
  const gone = await marmalade(['feed', 'rebase', '--yes', '--drop', one], at)
  t.deepEqual([gone.code, gone.stdout], [1, ''])
  t.match(gone.stderr, /names nothing in your feed.*\(REBASE_UNKNOWN\)\n$/)
  t.match(
    (await marmalade(['feed'], at)).stdout,
    / rebase instead of .*\n.* again of [\d-]+ [\d:]+: public_note three\n$/,
  )
  const words = await marmalade(['feed', 'rebase', '--yes', '--drop', three.slice(1, 9)], at)
  t.match(words.stdout, /^1 dropped, 0 published again/)
  t.equal((await asked<Shown>(['feed'], at)).lost.length, 0)
  await teardown.run()
})

e2e('feed rebase and feed resume with a running node; status says what holds a feed back', async (t, kit) => {
  const home = join(await kit.folder(), 'home')
  const [one = ''] = await homeWith(home, ['one', 'two'])
  const backup = join(await kit.folder(), 'backup')
  await cp(home, backup, { recursive: true })
  await kit.node({ home: backup })
  const at = { home: homeAt(backup).path }
  t.match((await marmalade(['status'], at)).stdout, /^this home looks restored from a backup or copied/m)
  t.match((await marmalade(['feed'], at)).stdout, /^this home looks restored/m)
  t.match((await marmalade(['feed', 'rebase', '--yes', '--drop', one], at)).stderr, /\(FEED_RESTORED\)\n$/)
  const held = await marmalade(['feed', 'resume'], at)
  t.equal(held.code, 1)
  t.match(held.stderr, /^marmalade: no peer has told yet.*\(FEED_RESTORED\)\n$/)
  t.deepEqual(await asked(['feed', 'resume', '--insist'], at), { restored: false })
  t.match((await marmalade(['feed', 'resume'], at)).stdout, /^your feed goes on/)
  const { kept } = await asked<{ kept: number }>(['feed', 'rebase', '--yes', '--drop', one], at)
  t.equal(kept, 1)
  t.deepEqual(shown(await asked<Shown>(['feed'], at)), ['rebase', 'two'])
})
