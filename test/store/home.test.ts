import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'tape'
import type { Test } from 'tape'
import * as z from 'zod'
import type { MarmaladeError } from '../../lib/base/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { CONFIG, homeAt, homeOwner, openHome, openHomeStore, readConfig } from '../../lib/store/index.ts'
import { HandClock, identityNamed, note } from '../helpers/chains.ts'
import { throwsCode } from '../helpers/refusals.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

const ada = identityNamed('ada')
const parts = { identity: ada.id, signer: ada.signer, crypto: nodeCrypto, clock: new HandClock() }

/** A test in a folder of its own, with the environment as it was afterwards. */
const inFolder = (what: string, body: (t: Test, folder: string) => Promise<void> | void): void => {
  test(`home: ${what}`, async (t) => {
    const folder = temporaryFolder()
    const before = { home: process.env['MARMALADE_HOME'], runtime: process.env['XDG_RUNTIME_DIR'] }
    try {
      await body(t, folder)
    } finally {
      restore('MARMALADE_HOME', before.home)
      restore('XDG_RUNTIME_DIR', before.runtime)
      removeFolder(folder)
    }
  })
}
function restore(name: string, value: string | undefined): void {
  if (value === undefined) Reflect.deleteProperty(process.env, name)
  else process.env[name] = value
}
const modeOf = (path: string): number => statSync(path).mode & 0o777

inFolder('the one given, else MARMALADE_HOME, else ~/.marmalade', (t, folder) => {
  process.env['MARMALADE_HOME'] = join(folder, 'b')
  t.equal(homeAt(join(folder, 'a')).path, join(folder, 'a'))
  t.equal(homeAt().path, join(folder, 'b'))
  process.env['MARMALADE_HOME'] = ''
  t.equal(homeAt().path, join(homedir(), '.marmalade'))
  t.notOk(existsSync(join(folder, 'a')), 'asking for paths makes nothing')
})

inFolder("its folders are made for the owner's eyes only", (t, folder) => {
  const home = openHome(join(folder, 'new', 'home'))
  for (const path of [
    home.path,
    home.blobs,
    home.takes,
    home.jams,
    home.generators,
    home.players,
    dirname(home.socket),
  ])
    t.equal(modeOf(path), 0o700, path.slice(folder.length))
  t.deepEqual(openHome(home.path), home, 'a second time it is as it was')
})

inFolder('what cannot be a home is refused', (t, folder) => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  throwsCode(t, 'HOME_INVALID', () => openHome(file), 'a file')
  throwsCode(t, 'HOME_INVALID', () => openHome(join(file, 'home')), 'below a file')
  const home = openHome(join(folder, 'home'))
  removeFolder(home.blobs)
  writeFileSync(home.blobs, '')
  throwsCode(t, 'HOME_INVALID', () => openHome(home.path), 'a file where a folder belongs')
})

inFolder('the socket lies in the home, or where its path is short enough', (t, folder) => {
  const near = openHome(join(folder, 'h'))
  t.equal(near.socket, join(folder, 'h', 'run', 'node.sock'))
  process.env['XDG_RUNTIME_DIR'] = folder
  const far = openHome(join(folder, 'x'.repeat(90)))
  t.equal(dirname(dirname(far.socket)), folder)
  t.ok(Buffer.byteLength(far.socket) <= 100, far.socket)
  t.equal(modeOf(dirname(far.socket)), 0o700)
  t.notEqual(homeAt(join(folder, 'y'.repeat(90))).socket, far.socket, 'each home has its own')
})

inFolder(
  'a folder for the socket that is open to others is closed; what is no folder of ours is refused',
  (t, folder) => {
    const home = openHome(join(folder, 'home'))
    chmodSync(dirname(home.socket), 0o755)
    openHome(home.path)
    t.equal(modeOf(dirname(home.socket)), 0o700)
    removeFolder(dirname(home.socket))
    mkdirSync(join(folder, 'elsewhere'))
    symlinkSync(join(folder, 'elsewhere'), dirname(home.socket))
    throwsCode(t, 'SOCKET_FOLDER', () => openHome(home.path), 'a link to somewhere else')
    process.env['XDG_RUNTIME_DIR'] = join(folder, 'gone')
    throwsCode(t, 'SOCKET_FOLDER', () => openHome(join(folder, 'x'.repeat(90))), 'no run-time folder')
  },
)

inFolder('one process has it at a time, and the error names it', async (t, folder) => {
  const home = openHome(join(folder, 'home'))
  const store = await openHomeStore(home, parts)
  t.equal(homeOwner(home), process.pid)
  const error = await openHomeStore(home, parts).then(
    () => undefined,
    (caught: unknown) => caught as MarmaladeError,
  )
  t.equal(error?.code, 'HOME_LOCKED')
  t.ok(error?.message.includes(`process ${process.pid}`), error?.message)
  t.equal(homeOwner(home), process.pid, 'who was refused leaves the lock file alone')
  await store.append(note('still writing'))
  await store.close()
  t.notOk(existsSync(home.lock))
  const again = await openHomeStore(home, parts)
  t.equal((await again.head(ada.id))?.count, 1)
  await again.close()
})

inFolder('a lock file of a process that has ended, or that is none, keeps nobody out', async (t, folder) => {
  const home = openHome(join(folder, 'home'))
  const ended = spawn(process.execPath, ['-e', ''])
  await once(ended, 'exit')
  for (const text of [`${ended.pid ?? 0}\n`, '1\u0000', '-1\n', 'nobody', '']) {
    writeFileSync(home.lock, text)
    t.equal(homeOwner(home), undefined, JSON.stringify(text))
  }
  const store = await openHomeStore(home, parts)
  t.equal(readFileSync(home.lock, 'utf8'), `${process.pid}\n`)
  await store.close()
  t.equal(homeOwner(home), undefined)
})

inFolder('config.json: defaults, values, slices of plugins', (t, folder) => {
  const home = openHome(join(folder, 'home'))
  const plain = readConfig(home, CONFIG)
  t.deepEqual([plain.port, plain.hops, plain.admitFollowed, plain.blobs.maxBytes], [2468, 2, true, 67_108_864])
  writeFileSync(home.config, JSON.stringify({ port: 0, blobs: { maxBytes: 5 }, tuner: { hertz: 442 } }))
  const schema = CONFIG.extend({ tuner: z.strictObject({ hertz: z.number().default(440) }).prefault({}) })
  const read = readConfig(home, schema)
  t.deepEqual([read.port, read.host, read.blobs.maxBytes, read.tuner.hertz], [0, '::', 5, 442])
})

inFolder('config.json: what is wrong is named, with what was perhaps meant', (t, folder) => {
  const home = openHome(join(folder, 'home'))
  const says = (text: string, ...words: string[]): void => {
    writeFileSync(home.config, text)
    const error = throwsCode(t, 'CONFIG_INVALID', () => readConfig(home, CONFIG), text.slice(0, 40))
    for (const word of words) t.ok(error?.message.includes(word), word)
  }
  says('{"prot":1}', 'prot', 'did you mean port?')
  says('{"blobs":{"maxbyte":1}}', 'blobs.maxbyte', 'did you mean maxBytes?')
  says('{"somethingElse":1}', 'somethingElse')
  says('{"port":70000}', 'port')
  says('{"peers":[7]}', 'peers.0')
  says('[]', 'the whole')
  says('{', 'no JSON')
  says(JSON.stringify({ name: 'x'.repeat(2_000_000) }), '1 MiB')
  writeFileSync(home.config, '{"zzzzzzzz":1}')
  const error = throwsCode(t, 'CONFIG_INVALID', () => readConfig(home, CONFIG), 'nothing like it')
  t.notOk(error?.message.includes('did you mean'), 'no guess without a likeness')
  removeFolder(home.config)
  mkdirSync(home.config)
  throwsCode(t, 'CONFIG_INVALID', () => readConfig(home, CONFIG), 'a folder')
})
