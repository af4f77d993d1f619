import { cpSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import type { EntryKey, JamId } from '../../lib/base/index.ts'
import { concat, hex, utf8 } from '../../lib/base/index.ts'
import { packageRoot } from '../../lib/base/node/root.ts'
import type { Entry, HeadPosition } from '../../lib/entry/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { levelAt, openStore } from '../../lib/store/index.ts'
import type { Head, Store } from '../../lib/store/index.ts'
import { HandClock, collect, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

/** A database of format 1 as an earlier version wrote it: a feed with forks, an `again`, a jam; and what it said it holds. */
const FIXTURE = join(packageRoot(), 'fixtures', 'store')
interface Told {
  readonly feeds: readonly (Head & {
    readonly digest: string
    readonly lost: readonly (HeadPosition & { readonly digest: string })[]
  })[]
  readonly jam: JamId
  readonly inJam: readonly EntryKey[]
  readonly again: { readonly original: EntryKey; readonly by: EntryKey }
}
const told = JSON.parse(readFileSync(join(FIXTURE, 'format-1.json'), 'utf8')) as Told
const ada = identityNamed('ada')

/** A copy of it. Its log lies under another name, since git and npm leave out what ends in `.log`. */
function formatOne(): string {
  const folder = temporaryFolder()
  cpSync(join(FIXTURE, 'format-1'), folder, { recursive: true })
  renameSync(join(folder, 'rows'), join(folder, '000003.log'))
  return folder
}

const digest = (entries: readonly Entry[]): string => hex(nodeCrypto.sha256(concat(rawOf(entries))))

async function holds(t: test.Test, store: Store): Promise<void> {
  for (const { identity, comparable, key, count, digest: feed, lost } of told.feeds) {
    t.deepEqual(await store.head(identity), { identity, comparable, key, count })
    t.equal(digest(await collect(store.read(identity))), feed, 'every byte')
    const heads = await store.lost(identity)
    t.deepEqual(
      heads,
      lost.map((each) => ({ comparable: each.comparable, key: each.key })),
    )
    for (const [i, each] of heads.entries())
      t.equal(digest(await collect(store.readLost(identity, each))), lost[i]?.digest, 'of chains that lost too')
  }
  t.deepEqual(keysOf(await collect(store.byJam(told.jam))), told.inJam)
  t.equal((await store.get(told.again.original))?.key, told.again.by, 'an original is found by what publishes it again')
  t.deepEqual(await store.verifyAll().then(({ bad }) => bad), 0)
}

test('store: a database of format 1 is read whole, and goes on', async (t) => {
  const folder = formatOne()
  const { id: identity, signer } = ada
  const open = (onMigrate?: (done: number, total: number) => void): Promise<Store> =>
    openStore({
      ...{ db: levelAt(folder), identity, signer, crypto: nodeCrypto, clock: new HandClock() },
      ...(onMigrate ? { onMigrate } : {}),
    })
  const progress: number[] = []
  const store = await open((done) => progress.push(done))
  await holds(t, store)
  const all = await store.verifyAll()
  t.equal(progress.at(-1), all.entries, 'says how far it has come')
  t.equal(store.sequence, told.feeds.length)
  const changed = await collect(store.changedSince(0))
  t.deepEqual(changed.map(({ head }) => head.key).sort(), told.feeds.map(({ key }) => key).sort())
  await store.close()
  const again = await open(() => t.fail('once is enough'))
  await holds(t, again)
  t.equal((await again.append(note('and on'))).parent, told.feeds.find(({ identity: of }) => of === ada.id)?.key)
  await again.close()
  removeFolder(folder)
})

test('store: a copy of format 1 that was interrupted begins anew; what is left after it is deleted', async (t) => {
  const folder = formatOne()
  const { id: identity, signer } = ada
  const parts = { identity, signer, crypto: nodeCrypto, clock: new HandClock() }
  await openStore({
    ...parts,
    db: levelAt(folder),
    onMigrate: () => {
      throw new Error('the lights go out')
    },
  }).then(
    () => t.fail('opened'),
    () => t.pass('it was interrupted'),
  )
  const store = await openStore({ ...parts, db: levelAt(folder) })
  await holds(t, store)
  await store.close()
  const db = levelAt(folder)
  await db.put(Uint8Array.of(3, 1), Uint8Array.of(1))
  await db.put(concat([Uint8Array.of(0), utf8('left')]), new Uint8Array(0))
  await db.close()
  const again = await openStore({ ...parts, db: levelAt(folder) })
  await holds(t, again)
  await again.close()
  const after = levelAt(folder)
  const old = await after.keys({ gte: Uint8Array.of(1), lt: Uint8Array.of(0x20) }).all()
  t.deepEqual(old, [], 'no row of the old format is left')
  await after.close()
  removeFolder(folder)
})
