import { existsSync } from 'node:fs'
import { MarmaladeError, type Clock } from '../base/index.ts'
import { generateIdentity, loadIdentity, nodeCrypto, secretTextOf, writeSecret, type Identity } from '../keys/index.ts'
import type { Home } from './home.ts'
import { openHomeStore } from './lock.ts'
import type { StoreParts } from './store.ts'
import type { Store } from './types.ts'

interface Parts extends Pick<StoreParts, 'onFault'> {
  readonly clock: Clock
}

/**
 * Opens the store of a home for the player whose secret lies there, or for a new one. The secret of a new player is
 * placed when the database is open: a start that fails before leaves none that the next would take for restored.
 * Whoever places a secret has the database open, so no home gets two.
 * @throws MarmaladeError KEYS_UNREADABLE, KEYS_EXPOSED, KEYS_CORRUPT; what `openHomeStore` throws
 */
export async function openPlayerStore(home: Home, parts: Parts): Promise<{ identity: Identity; store: Store }> {
  const { identity, store, isPlaced } = await opened(home, parts)
  if (isPlaced) return { identity, store }
  // Another process has placed one since this one looked.
  await store.close()
  const again = await opened(home, parts)
  if (again.isPlaced) return again
  await again.store.close()
  throw new MarmaladeError('KEYS_UNREADABLE', `${home.secret} is no file that can be read or made: move it away`)
}

async function opened(home: Home, parts: Parts): Promise<{ identity: Identity; store: Store; isPlaced: boolean }> {
  const kept = loadIdentity(home.secret)
  const identity = kept ?? generateIdentity()
  const { id, signer } = identity
  const secret = kept ? 'known' : 'new'
  const store = await openHomeStore(home, { ...parts, crypto: nodeCrypto, identity: id, signer, secret })
  try {
    return { identity, store, isPlaced: kept !== undefined || (await place(home, identity, store)) }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** False where a secret is there. */
async function place({ secret }: Home, identity: Identity, store: Store): Promise<boolean> {
  if (existsSync(secret)) return false
  // What was doubted was the feed of a key that never came: nobody has entries of this one.
  if (store.own.restored && !(await holdsFeeds(store))) await store.own.resume()
  return writeSecret(secret, secretTextOf(identity))
}

/** Whether anybody's feed lies in it. */
export async function holdsFeeds(store: Store): Promise<boolean> {
  for await (const head of store.heads()) return head.count > 0
  return false
}
