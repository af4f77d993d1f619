import { cpSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { openHome, openHomeStore, type Store } from '../../lib/store/index.ts'
import { HandClock, chain, collect, headOfChain, identityNamed, note, rawOf } from '../helpers/chains.ts'
import { codeOf } from '../helpers/hosts.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

const ada = identityNamed('ada')
const clock = new HandClock()
const open = (path: string, secret: 'new' | 'known' = 'known'): Promise<Store> =>
  openHomeStore(openHome(path), { identity: ada.id, signer: ada.signer, crypto: nodeCrypto, clock, secret })

test('restored: a fresh home, opened again and moved, is not taken for restored', async (t) => {
  const folder = temporaryFolder()
  for (const [at, secret] of [
    ['home', 'new'],
    ['home', 'known'],
    ['moved', 'known'],
  ] as const) {
    if (at === 'moved') renameSync(join(folder, 'home'), join(folder, at))
    const store = await open(join(folder, at), secret)
    t.notOk(store.own.restored)
    await store.append(note(at))
    await store.close()
  }
  removeFolder(folder)
})

test('restored: a copied home publishes nothing until it is resumed, then for good', async (t) => {
  const folder = temporaryFolder()
  const [home, backup] = [join(folder, 'home'), join(folder, 'backup')]
  const first = await open(home, 'new')
  const entry = await first.append(note('one'))
  await first.close()
  cpSync(home, backup, { recursive: true, preserveTimestamps: true })
  rmSync(home, { recursive: true })
  for (let again = 0; again < 2; again++) {
    const store = await open(backup)
    t.ok(store.own.restored, 'also after a restart')
    t.equal(await codeOf(store.append(note('two'))), 'FEED_RESTORED')
    t.equal(await codeOf(store.own.rebase(new Set([entry.key]))), 'FEED_RESTORED')
    t.equal(await codeOf(store.own.heal()), 'FEED_RESTORED')
    const newer = chain(ada, 2, entry)
    await store.ingest(ada.id, rawOf(newer), headOfChain(newer))
    t.equal((await store.head(ada.id))?.count, 3, 'what others have is taken')
    await store.close()
  }
  const store = await open(backup)
  await store.own.resume()
  t.equal((await store.append(note('two'))).parent, (await collect(store.read(ada.id)))[2]?.key)
  await store.close()
  const last = await open(backup)
  t.notOk(last.own.restored)
  await last.close()
  t.equal(await codeOf(last.own.resume()), 'CLOSED')
  removeFolder(folder)
})

test('restored: a secret that was there before meets an empty database', async (t) => {
  const folder = temporaryFolder()
  const store = await open(join(folder, 'home'))
  t.ok(store.own.restored)
  t.equal(await codeOf(store.append(note('one'))), 'FEED_RESTORED')
  await store.close()
  const again = await open(join(folder, 'home'))
  t.ok(again.own.restored)
  await again.own.resume()
  await again.append(note('one'))
  await again.close()
  removeFolder(folder)
})
