import { chmodSync, closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import ssbKeys, { type Keys } from 'ssb-keys'
import sodium from 'sodium-native'
import { MarmaladeError, equalBytes, fromBase64, isPlayerId, rawId } from '../base/index.ts'
import type { PlayerId, Signer } from '../base/index.ts'
import { signerOf } from './crypto.ts'

/** One identity with its secret key. */
export interface Identity {
  readonly id: PlayerId
  /** As ssb-keys has them; secret-handshake and `.box` take this form. */
  readonly keys: Keys
  readonly signer: Signer
}

/** Only the owner may read and write the secret. */
const SECRET_MODE = 0o600
const OTHERS = 0o077

/**
 * An identity from ssb-keys.
 * @param seed 32 bytes; without it a random identity.
 * @throws MarmaladeError USAGE where the seed has another length
 */
export function generateIdentity(seed?: Uint8Array): Identity {
  if (seed && seed.length !== 32) throw new MarmaladeError('USAGE', 'the seed of an identity is 32 bytes')
  return identityOf(ssbKeys.generate('ed25519', seed && Buffer.from(seed)))
}

/**
 * The identity whose secret lies in the file, in ssb-keys' own format; made (mode 0600) where there is no file.
 * Making is atomic: a crash leaves the whole file or none, and of two processes one makes it and both read it.
 * @throws MarmaladeError KEYS_UNREADABLE, KEYS_EXPOSED, KEYS_CORRUPT
 */
export function loadOrCreateIdentity(path: string): Identity {
  return loadIdentity(path) ?? createIdentity(path)
}

/**
 * The identity in the file, undefined where there is no file.
 * @throws MarmaladeError KEYS_UNREADABLE, KEYS_EXPOSED, KEYS_CORRUPT
 */
export function loadIdentity(path: string): Identity | undefined {
  const text = readSecret(path)
  return text === undefined ? undefined : identityOf(keysIn(text, path))
}

function readSecret(path: string): string | undefined {
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

/** Parsed here rather than by ssb-keys, which prints parts of a file that it cannot parse, secret and all. */
function keysIn(text: string, path: string): Keys {
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

function createIdentity(path: string): Identity {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    ssbKeys.loadOrCreateSync(temporary)
    chmodSync(temporary, SECRET_MODE)
    sync(temporary)
    linkSync(temporary, path)
    sync(dirname(path))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new MarmaladeError('KEYS_UNREADABLE', `cannot make ${path}: see that its folder can be written`, { cause })
  } finally {
    rmSync(temporary, { force: true })
  }
  const made = loadIdentity(path)
  if (!made) throw new MarmaladeError('KEYS_UNREADABLE', `${path} is gone again: who removes it?`)
  return made
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function identityOf(keys: Keys): Identity {
  return { id: keys.id as PlayerId, keys, signer: signerOf(fromBase64(keys.private.slice(0, 88))) }
}
