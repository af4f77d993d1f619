/** Parts of the memory bench that look at a store alone. */
import { systemClock } from '../../lib/base/node/clock.ts'
import { loadOrCreateIdentity, nodeCrypto } from '../../lib/keys/index.ts'
import { openHome, openHomeStore } from '../../lib/store/index.ts'
import { authorAt } from '../data/feeds.ts'
import { serveParts } from '../kit/part.ts'

await serveParts({
  /** Opens the store of a home, until the head of a feed in it is known. */
  async open(folder) {
    const home = openHome(folder)
    const { id, signer } = loadOrCreateIdentity(home.secret)
    const began = performance.now()
    const store = await openHomeStore(home, { identity: id, signer, crypto: nodeCrypto, clock: systemClock })
    const head = await store.head(authorAt(0).id)
    const ms = performance.now() - began
    await store.close()
    if (!head) throw new Error('the store lacks a feed')
    return { ms }
  },
})
