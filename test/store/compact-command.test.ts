import test from 'tape'
import { loadOrCreateIdentity, nodeCrypto } from '../../lib/keys/index.ts'
import { openHome, openHomeStore } from '../../lib/store/index.ts'
import { HandClock, note } from '../helpers/chains.ts'
import { marmalade } from '../helpers/programs.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

const compact = (...args: string[]) => marmalade(['compact', ...args])

test('compact: what takes how much room, before and after; not beside a program that is no node', async (t) => {
  const folder = temporaryFolder()
  const home = openHome(folder)
  const { id: identity, signer } = loadOrCreateIdentity(home.secret)
  const open = () => openHomeStore(home, { identity, signer, crypto: nodeCrypto, clock: new HandClock() })
  const store = await open()
  for (let i = 0; i < 20; i++) await store.append(note(`${i}`))
  await store.close()
  const at = ['--home', folder]
  const told = await compact('--sizes', '--json', ...at)
  const sizes = JSON.parse(told.stdout) as { entries: number; chunks?: unknown }
  t.deepEqual([told.code, sizes.entries, sizes.chunks], [0, 20, undefined], told.stderr)
  t.match((await compact('--sizes', ...at)).stdout, /\nnot sorted yet +[\d.]+ K?i?B\n$/)
  const done = await compact('--json', ...at)
  t.deepEqual([done.code, (JSON.parse(done.stdout) as { chunks: unknown }).chunks], [0, { before: 20, after: 1 }])
  const words = await compact(...at)
  t.match(words.stdout, /^1 feed, 20 entries, 0 branches that lost\n/)
  t.match(words.stdout, /1 pieces of feeds are 1 now\n$/)
  t.match((await compact('--help')).stdout, /--sizes/)
  t.equal((await compact('--size', ...at)).code, 2)
  const here = await open()
  const refused = await compact(...at)
  t.deepEqual([refused.code, refused.stdout], [1, ''])
  t.match(refused.stderr, /^marmalade: .*\(HOME_LOCKED\)\n$/)
  await here.close()
  removeFolder(folder)
})
