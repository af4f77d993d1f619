import test from 'tape'
import { hasCode } from '../../lib/base/index.ts'
import type { Payload } from '../../lib/entry/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { openStore } from '../../lib/store/index.ts'
import type { Store } from '../../lib/store/index.ts'
import { HandClock, chain, collect, headOfChain, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'
import { inFolder } from '../helpers/stores.ts'

const [ada, ben] = [identityNamed('ada'), identityNamed('ben')]

interface Failing {
  readonly store: Store
  readonly faults: unknown[]
  /** Whether writes fail. */
  full: boolean
}

/** A store of ada's on a disk that is full whenever a test says so. */
async function onFailingDisk(task: (failing: Failing) => Promise<void>): Promise<void> {
  const place = inFolder.place()
  const db = await place.db()
  const faults: unknown[] = []
  const parts = { identity: ada.id, signer: ada.signer, crypto: nodeCrypto, clock: new HandClock() }
  const store = await openStore({ ...parts, db, onFault: (error) => faults.push(error) })
  const failing: Failing = { store, faults, full: false }
  db.hooks.prewrite.add(() => {
    if (failing.full) throw new Error('no space left on device')
  })
  await task(failing)
  failing.full = false
  await store.close()
  await place.remove()
}

test('afterwards: a run that was adopted is adopted, though what it replaced cannot be dropped yet', async (t) => {
  await onFailingDisk(async (failing) => {
    const { store, faults } = failing
    const old = chain(ben, 4, null)
    await store.ingest(ben.id, rawOf(old))
    const from = headOfChain(old).comparable + 1_000
    const payload = (at: number): Payload =>
      at === 0 ? { type: 'rebase', replaces: keysOf(old.slice(-1)) } : note(`next ${at}`)
    const next = chain(ben, 3, old[1] ?? null, { from, payload })
    const told: string[] = []
    // A change is told when it is written: the disk is full right after it.
    const stop = store.onChange(({ head }) => (failing.full = told.push(head.key) > 0))
    const { kind } = await store.ingest(ben.id, rawOf(next.slice(0, 2)))
    stop()
    t.deepEqual([kind, told], ['adopted', keysOf(next.slice(1, 2))], 'told as it is')
    t.ok(faults.length > 0 && faults.every((error) => hasCode(error, 'STORE_WRITE')), 'the owner hears of the rest')
    t.equal((await store.lost(ben.id)).length, 1, 'it is still kept')
    failing.full = false
    t.equal((await store.ingest(ben.id, rawOf(next.slice(2)))).kind, 'adopted')
    t.deepEqual(await store.lost(ben.id), [], 'and goes with the next run')
    t.deepEqual(keysOf(await collect(store.read(ben.id))), keysOf([...old.slice(0, 2), ...next]))
    t.equal((await store.verifyAll()).bad, 0)
  })
})

test('afterwards: a feed that was rewritten is rewritten, though what it replaced cannot be dropped yet', async (t) => {
  await onFailingDisk(async (failing) => {
    const { store, faults } = failing
    const keys = keysOf(await Promise.all(['one', 'two', 'three'].map((text) => store.append(note(text)))))
    const seen = faults.length
    const stop = store.onChange(() => (failing.full = true))
    const { dropped } = await store.own.rebase(new Set(keys.slice(1, 2)))
    stop()
    t.deepEqual(dropped, keys.slice(1, 2))
    t.ok(faults.length > seen, 'the owner hears of the rest')
    failing.full = false
    await store.own.heal()
    t.deepEqual(await store.lost(ada.id), [], 'healing drops it')
    t.equal((await store.verifyAll()).bad, 0)
  })
})
