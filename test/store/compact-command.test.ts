import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import test from 'tape'
import { siblingModule } from '../../lib/base/node/thread.ts'
import { loadOrCreateIdentity, nodeCrypto } from '../../lib/keys/index.ts'
import { openHome, openHomeStore } from '../../lib/store/index.ts'
import { HandClock, note } from '../helpers/chains.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

const MAIN = fileURLToPath(siblingModule('../../bin/marmalade', import.meta.url))

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}
const compact = (...args: string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [...process.execArgv, MAIN, 'compact', ...args], (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })

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
  const sizes = JSON.parse(told.out) as { entries: number; chunks?: unknown }
  t.deepEqual([told.code, sizes.entries, sizes.chunks], [0, 20, undefined], told.err)
  const done = await compact('--json', ...at)
  t.deepEqual([done.code, (JSON.parse(done.out) as { chunks: unknown }).chunks], [0, { before: 20, after: 1 }])
  const words = await compact(...at)
  t.match(words.out, /^1 feeds, 20 entries, 0 branches that lost\n/)
  t.match(words.out, /1 pieces of feeds are 1 now\n$/)
  t.match((await compact('--help')).out, /--sizes/)
  t.equal((await compact('--size', ...at)).code, 2)
  const here = await open()
  const refused = await compact(...at)
  t.deepEqual([refused.code, refused.out], [1, ''])
  t.match(refused.err, /^marmalade: .*\(HOME_LOCKED\)\n$/)
  await here.close()
  removeFolder(folder)
})
