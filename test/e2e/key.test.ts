import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ssbKeys from 'ssb-keys'
import test from 'tape'
import { systemClock } from '../../lib/base/node/clock.ts'
import { openHome, openPlayerStore } from '../../lib/store/index.ts'
import { note } from '../helpers/chains.ts'
import { Teardown, codeOf as rejection } from '../helpers/hosts.ts'
import { asked, marmalade, type Ran } from '../helpers/programs.ts'

interface Me {
  readonly identity: string
}
const codeOf = ({ code, stdout, stderr }: Ran): unknown[] => [code, stdout, /\((\w+)\)\n$/.exec(stderr)?.[1]]
const opened = (home: string): ReturnType<typeof openPlayerStore> =>
  openPlayerStore(openHome(home), { clock: systemClock })
/** What of a secret must not be seen: the whole of its seed, or any good part of it. */
const seedIn = (secret: string): string => /"private": "([^".]{40})/.exec(secret)?.[1] ?? 'no secret'

test('key backup and key restore: the same player in another home, which asks before it publishes', async (t) => {
  const down = new Teardown()
  const folder = await down.folder()
  const [home, fresh, file] = [join(folder, 'home'), join(folder, 'fresh'), join(folder, 'stick.secret')]
  t.deepEqual(codeOf(await marmalade(['key', 'backup', file], { home })), [1, '', 'KEYS_UNREADABLE'], 'no key yet')
  t.notOk(existsSync(file))
  const { identity } = await asked<Me>(['whoami'], { home })
  const secret = readFileSync(join(home, 'secret'), 'utf8')
  const backup = await marmalade(['key', 'backup', file], { home })
  t.equal(backup.code, 0, backup.stderr)
  t.notOk(`${backup.stdout}${backup.stderr}`.includes(seedIn(secret)), 'the secret is not printed')
  t.deepEqual([readFileSync(file, 'utf8'), statSync(file).mode & 0o777], [secret, 0o600])
  t.deepEqual(codeOf(await marmalade(['key', 'backup', file], { home })), [1, '', 'FILE_UNWRITABLE'], 'not over a file')
  t.equal((await marmalade(['key', 'backup', '-'], { home })).stdout, secret, 'where it was asked for')

  chmodSync(file, 0o755)
  const restored = await marmalade(['key', 'restore', file], { home: fresh })
  t.equal(restored.code, 0, `as a stick keeps it: ${restored.stderr}`)
  t.notOk(`${restored.stdout}${restored.stderr}`.includes(seedIn(secret)))
  t.equal(statSync(join(fresh, 'secret')).mode & 0o777, 0o600)
  t.equal((await asked<Me>(['whoami'], { home: fresh })).identity, identity)
  const held = await marmalade(['feed', 'resume'], { home: fresh })
  t.match(held.stderr, /no peer has told yet.*\(FEED_RESTORED\)\n$/, 'others may have entries of it')
  t.deepEqual(codeOf(await marmalade(['key', 'restore', file], { home: fresh })), [1, '', 'KEYS_PRESENT'])

  rmSync(join(fresh, 'secret'))
  const other = await opened(fresh)
  await other.store.append(note('of another player'))
  await other.store.close()
  rmSync(join(fresh, 'secret'))
  t.deepEqual(codeOf(await marmalade(['key', 'restore', file], { home: fresh })), [1, '', 'KEYS_PRESENT'])
  t.notOk(existsSync(join(fresh, 'secret')), 'a database without entries of that player is of another')
  await down.run()
})

test('key restore: what a home has of the feed already may be old, so it asks there too', async (t) => {
  const down = new Teardown()
  const folder = await down.folder()
  const [adas, bens] = [join(folder, 'ada'), join(folder, 'ben')]
  const [ada, ben] = [await opened(adas), await opened(bens)]
  const old = await ada.store.append(note('before ben lost sight of her'))
  await ben.store.append(note('his own'))
  await ben.store.ingest(ada.identity.id, [old.bytes])
  for (const { store } of [ada, ben]) await store.close()
  renameSync(join(bens, 'secret'), join(bens, 'secret.old'))
  const restored = await marmalade(['key', 'restore', join(adas, 'secret')], { home: bens })
  t.equal(restored.code, 0, restored.stderr)
  t.match(restored.stdout, /nothing is published before a peer has answered/)
  const back = await opened(bens)
  t.equal(back.identity.id, ada.identity.id)
  t.equal(await rejection(back.store.append(note('on a stale copy'))), 'FEED_RESTORED', 'and nothing is')
  await back.store.close()
  t.equal((await marmalade(['feed', 'resume', '--insist'], { home: bens })).code, 0)
  await down.run()
})

test('key restore: broken off between database and secret, it can be done again, or a new player can start', async (t) => {
  const down = new Teardown()
  const folder = await down.folder()
  const [adas, half, start] = [join(folder, 'ada'), join(folder, 'half'), join(folder, 'start')]
  const secret = join(adas, 'secret')
  const { identity } = await asked<Me>(['whoami'], { home: adas })
  for (const home of [half, start]) {
    t.equal((await marmalade(['key', 'restore', secret], { home })).code, 0)
    rmSync(join(home, 'secret'))
  }
  t.equal((await asked<Me>(['key', 'restore', secret], { home: half })).identity, identity, 'again')
  t.deepEqual(codeOf(await marmalade(['feed', 'resume'], { home: half })), [1, '', 'FEED_RESTORED'], 'and asks still')
  rmSync(join(half, 'secret'))
  t.equal((await asked<Me>(['key', 'import', secret], { home: half })).identity, identity)
  t.match((await marmalade(['feed', 'resume'], { home: half })).stdout, /^your feed goes on/, 'an import begins here')

  t.notEqual((await asked<Me>(['whoami'], { home: start })).identity, identity)
  t.match(
    (await marmalade(['feed', 'resume'], { home: start })).stdout,
    /^your feed goes on/,
    'nobody else has a new one',
  )
  await down.run()
})

test('a first start that fails while the database is opened leaves no secret, and the next is a first start', async (t) => {
  const down = new Teardown()
  const home = join(await down.folder(), 'home')
  mkdirSync(home)
  writeFileSync(join(home, 'db'), 'in the way')
  t.equal((await marmalade(['whoami'], { home })).code, 1)
  t.equal((await marmalade(['start', '--sink', 'null', '--port', '0'], { home })).code, 1)
  t.notOk(existsSync(join(home, 'secret')))
  rmSync(join(home, 'db'))
  t.match((await marmalade(['feed', 'resume'], { home })).stdout, /^your feed goes on/)
  const { identity } = await asked<Me>(['whoami'], { home })
  t.equal((await asked<Me>(['whoami'], { home })).identity, identity, 'one for good')
  await down.run()
})

test('key import: the secret of an ssb program, with its comments, for a feed that begins here', async (t) => {
  const down = new Teardown()
  const folder = await down.folder()
  const [home, file] = [join(folder, 'home'), join(folder, 'ssb-secret')]
  const { id } = ssbKeys.loadOrCreateSync(file)
  t.match(readFileSync(file, 'utf8'), /^#/, 'with comments')
  t.equal((await asked<Me>(['key', 'import', file], { home })).identity, id)
  t.match((await marmalade(['feed', 'resume'], { home })).stdout, /^your feed goes on/)
  t.equal((await asked<Me>(['whoami'], { home })).identity, id)
  t.deepEqual(codeOf(await marmalade(['key', 'import', file], { home })), [1, '', 'KEYS_PRESENT'])

  const other = join(folder, 'other')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/"private": ".{9}/, '"private": "AAAAAAAAA'))
  const broken = await marmalade(['key', 'import', file], { home: other })
  t.deepEqual(codeOf(broken), [1, '', 'KEYS_CORRUPT'])
  t.notOk(broken.stderr.includes(seedIn(readFileSync(file, 'utf8')).slice(10)), 'nothing of it is printed')
  t.deepEqual(codeOf(await marmalade(['key', 'import', join(folder, 'none')], { home: other })), [
    1,
    '',
    'FILE_INVALID',
  ])
  writeFileSync(file, ' '.repeat(20_000))
  t.deepEqual(codeOf(await marmalade(['key', 'import', file], { home: other })), [1, '', 'FILE_INVALID'])
  t.notOk(existsSync(join(other, 'secret')))
  await down.run()
})
