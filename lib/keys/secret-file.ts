import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import type { Keys } from 'ssb-keys'
import sodium from 'sodium-native'
import { MarmaladeError, equalBytes, fromBase64, isPlayerId, rawId } from '../base/index.ts'
import type { PlayerId } from '../base/index.ts'

/** Only the owner may read and write the secret. */
const SECRET_MODE = 0o600
const OTHERS = 0o077

/** The text of a secret that nobody else may read, undefined where there is no file. @throws KEYS_UNREADABLE, KEYS_EXPOSED */
export function readSecret(path: string): string | undefined {
  try {
    const found = statSync(path)
    if (!found.isFile()) throw new MarmaladeError('KEYS_UNREADABLE', `${path} is not a file: move it away`)
    if ((found.mode & OTHERS) !== 0)
      throw new MarmaladeError('KEYS_EXPOSED', `others may read or write ${path}: run chmod 600 on it`)
    return readFileSync(path, 'ascii')
  } catch (cause) {
    if (cause instanceof MarmaladeError) throw cause
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new MarmaladeError('KEYS_UNREADABLE', `cannot read ${path}: see that this user owns it`, { cause })
  }
}

/** Parsed here rather than by ssb-keys, which prints parts of a file that it cannot parse, secret and all. @throws KEYS_CORRUPT */
export function keysIn(text: string, path: string): Keys {
  const corrupt = new MarmaladeError('KEYS_CORRUPT', `${path} holds no whole key pair: put back a backup of it`)
  const json = text.replace(/\s*#[^\n]*/g, '')
  let keys: Partial<Record<keyof Keys, unknown>> | null
  try {
    keys = JSON.parse(json) as typeof keys
  } catch {
    throw corrupt
  }
  if (typeof keys !== 'object' || keys === null) throw corrupt
  const { curve, id, public: shown, private: secret } = keys
  if (curve !== 'ed25519' || typeof shown !== 'string' || typeof secret !== 'string') throw corrupt
  if (!isPlayerId(id) || `@${shown}` !== id || !isKeyPair(secret, id)) throw corrupt
  return { curve, public: shown, private: secret, id }
}

/** Whether the secret (seed, then public key) makes this very public key. */
function isKeyPair(secret: string, id: PlayerId): boolean {
  if (!/^[A-Za-z0-9+/]{86}==\.ed25519$/.test(secret)) return false
  const given = fromBase64(secret.slice(0, 88))
  const publicKey = new Uint8Array(sodium.crypto_sign_PUBLICKEYBYTES)
  const made = new Uint8Array(sodium.crypto_sign_SECRETKEYBYTES)
  sodium.crypto_sign_seed_keypair(publicKey, made, given.subarray(0, 32))
  return equalBytes(made, given) && equalBytes(publicKey, rawId(id))
}

/** The text of a secret file, as ssb-keys reads it. */
export const secretTextOf = ({ keys }: { readonly keys: Keys }): string =>
  [
    '# WARNING: never show this to anyone: whoever reads it can be you.',
    '# WARNING: never edit it, and never use it in two homes at once: your feed would have two ends, of which one loses.',
    JSON.stringify(keys, null, 2),
    '# What may be shown is your public name:',
    `#   ${keys.id}`,
    '',
  ].join('\n')

/**
 * Makes a file of mode 0600 with this text, whole or not at all, and on disk when this returns; one that is there stays
 * as it is.
 * @returns whether it was made
 * @throws MarmaladeError KEYS_UNREADABLE
 */
export function writeSecret(path: string, text: string): boolean {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(temporary, text, { mode: SECRET_MODE, flag: 'wx' })
    chmodSync(temporary, SECRET_MODE)
    sync(temporary)
    linkSync(temporary, path)
    sync(dirname(path))
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw new MarmaladeError('KEYS_UNREADABLE', `cannot make ${path}: see that its folder can be written`, { cause })
  } finally {
    rmSync(temporary, { force: true })
  }
}

/**
 * Writes a copy of a secret to a new file of mode 0600, on disk when this returns; where that fails, no piece of it
 * stays. Without a link, which a stick cannot have.
 * @throws MarmaladeError FILE_UNWRITABLE also where a file is there
 */
export function writeCopy(path: string, text: string): void {
  let isOurs = false
  try {
    closeSync(openSync(path, 'wx', SECRET_MODE))
    isOurs = true
    writeFileSync(path, text)
    sync(path)
    sync(dirname(path))
  } catch (cause) {
    if (isOurs) rmSync(path, { force: true })
    const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    const what = isThere ? 'is there already, and is not written over' : 'cannot be written'
    throw new MarmaladeError('FILE_UNWRITABLE', `${path} ${what}: give another file`, { cause })
  }
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
