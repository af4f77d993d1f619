import test from 'tape'
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  chmodSync,
  mkdirSync,
} from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssbKeys from 'ssb-keys'
import { utf8 } from '../../lib/base/index.ts'
import { generateIdentity, loadIdentity, loadOrCreateIdentity, nodeCrypto, writeCopy } from '../../lib/keys/index.ts'
import { rawId } from '../../lib/base/index.ts'
import { throwsCode } from '../helpers/refusals.ts'
import type { Test } from 'tape'

function home(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'marmalade-keys-'))
  t.teardown(() => rmSync(path, { recursive: true }))
  return path
}

test('an identity is made once, private, in the format of ssb-keys', (t) => {
  const path = join(home(t), 'new', 'secret')
  t.equal(loadIdentity(path), undefined, 'nothing there yet')
  const made = loadOrCreateIdentity(path)
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.deepEqual(readdirSync(join(path, '..')), ['secret'], 'nothing temporary stays')
  t.deepEqual(ssbKeys.loadOrCreateSync(path), made.keys, 'ssb-keys reads it')
  const again = loadOrCreateIdentity(path)
  t.deepEqual(again.keys, made.keys)
  t.equal(again.id, made.id)
  t.equal(made.id, made.keys.id)
  t.end()
})

test('an identity signs what the verifier accepts', (t) => {
  const { id, signer } = generateIdentity()
  const message = utf8('first light')
  const signature = signer.sign(message)
  t.ok(nodeCrypto.verify(signature, message, rawId(id)))
  t.notOk(nodeCrypto.verify(signature, utf8('first fight'), rawId(id)))
  t.end()
})

test('a seed gives the identity that ssb-keys gives', (t) => {
  const seed = new Uint8Array(32).fill(7)
  t.deepEqual(generateIdentity(seed).keys, ssbKeys.generate('ed25519', Buffer.from(seed)))
  t.notEqual(generateIdentity().id, generateIdentity().id)
  throwsCode(t, 'USAGE', () => generateIdentity(new Uint8Array(31)), '31 bytes')
  t.end()
})

test('a secret that others may read is refused', (t) => {
  const path = join(home(t), 'secret')
  loadOrCreateIdentity(path)
  for (const mode of [0o640, 0o604, 0o620, 0o666]) {
    chmodSync(path, mode)
    throwsCode(t, 'KEYS_EXPOSED', () => loadOrCreateIdentity(path), mode.toString(8))
  }
  chmodSync(path, 0o400)
  t.ok(loadOrCreateIdentity(path), 'ssb-keys own mode, 0400, is good')
  t.end()
})

/** The seed of one private key with the public key that the other ends with. */
function halves(first: string, second: string): string {
  const [a, b] = [first, second].map((key) => Buffer.from(key.slice(0, 88), 'base64')) as [Buffer, Buffer]
  return `${Buffer.concat([a.subarray(0, 32), b.subarray(32)]).toString('base64')}.ed25519`
}

test('a damaged secret is refused, left alone, and not shown', (t) => {
  const path = join(home(t), 'secret')
  const { keys } = loadOrCreateIdentity(path)
  const other = generateIdentity().keys
  const whole = readFileSync(path, 'ascii')
  const damaged: [string, string][] = [
    ['empty', ''],
    ['cut short', whole.slice(0, whole.indexOf(keys.private) + 40)],
    ['not an object', 'null'],
    ['another private key', JSON.stringify({ ...keys, private: other.private })],
    ['halves of two private keys', JSON.stringify({ ...keys, private: halves(keys.private, other.private) })],
    ['another public key', JSON.stringify({ ...keys, public: other.public, id: other.id })],
    ['id and public key differ', JSON.stringify({ ...keys, id: other.id })],
    ['another curve', JSON.stringify({ ...keys, curve: 'k256' })],
    ['no private key', JSON.stringify({ ...keys, private: undefined })],
    ['a private key cut short', JSON.stringify({ ...keys, private: keys.private.slice(5) })],
  ]
  for (const [what, text] of damaged) {
    writeFileSync(path, text, { mode: 0o600 })
    const error = throwsCode(t, 'KEYS_CORRUPT', () => loadOrCreateIdentity(path), what)
    t.notOk(error?.stack?.includes(keys.private.slice(0, 20)), 'the secret is not in the error')
    t.equal(readFileSync(path, 'ascii'), text, 'the file is as it was')
  }
  t.end()
})

test('a secret that cannot be read or made is refused', (t) => {
  const folder = home(t)
  mkdirSync(join(folder, 'secret'))
  throwsCode(t, 'KEYS_UNREADABLE', () => loadOrCreateIdentity(join(folder, 'secret')), 'a folder')
  writeFileSync(join(folder, 'file'), '')
  throwsCode(t, 'KEYS_UNREADABLE', () => loadOrCreateIdentity(join(folder, 'file', 'secret')), 'a file for a folder')
  t.end()
})

test('a copy of a secret is written whole or not at all, and never over a file', (t) => {
  const path = join(home(t), 'copy')
  const source = new URL('../../lib/keys/index', import.meta.url).href + import.meta.url.slice(-3)
  const script = `import { writeCopy } from ${JSON.stringify(source)}; try { writeCopy(${JSON.stringify(path)}, 'secret '.repeat(10_000)) } catch (error) { console.log(error.code) }`
  const tsx = import.meta.url.endsWith('.ts') ? '--import tsx' : ''
  // No file may grow beyond a block or two: as on a stick that is full.
  const command = `ulimit -f 4; ${process.execPath} ${tsx} --input-type=module -e "$SCRIPT"`
  const full = spawnSync('sh', ['-c', command], { env: { ...process.env, SCRIPT: script }, encoding: 'utf8' })
  t.equal(full.stdout, 'FILE_UNWRITABLE\n', full.stderr)
  t.notOk(existsSync(path), 'no piece of it stays')
  writeCopy(path, 'whole')
  throwsCode(t, 'FILE_UNWRITABLE', () => writeCopy(path, 'another'), 'a file is there')
  t.equal(readFileSync(path, 'utf8'), 'whole', 'what was there stays')
  t.end()
})

test('of processes that start together all get one identity', async (t) => {
  const path = join(home(t), 'secret')
  const source = new URL('../../lib/keys/index', import.meta.url).href + import.meta.url.slice(-3)
  const script = `import { loadOrCreateIdentity } from ${JSON.stringify(source)}; console.log(loadOrCreateIdentity(${JSON.stringify(path)}).id)`
  const tsx = import.meta.url.endsWith('.ts') ? '--import tsx' : ''
  const command = `${process.execPath} ${tsx} --input-type=module -e "$SCRIPT"`
  const started = spawnSync('sh', ['-c', `${command} & ${command} & ${command} & wait`], {
    env: { ...process.env, SCRIPT: script },
    encoding: 'utf8',
  })
  const ids = started.stdout.trim().split('\n')
  t.equal(ids.length, 3, started.stderr)
  t.equal(new Set(ids).size, 1)
  t.equal(ids[0], loadIdentity(path)?.id)
})
