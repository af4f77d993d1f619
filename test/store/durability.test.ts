import test from 'tape'
import { ClassicLevel } from 'classic-level'
import type { Signer } from '../../lib/base/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import type { Entry } from '../../lib/entry/index.ts'
import { openStore } from '../../lib/store/index.ts'
import { HandClock, chain, collect, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

const ada = identityNamed('ada')
const ben = identityNamed('ben')

/** LevelDB that tells of each batch whether it was synced, once it is written, and of each table. */
class Watched extends ClassicLevel<Uint8Array, Uint8Array> {
  readonly written: ('synced' | 'quick' | 'table')[] = []

  override async compactRange(...args: unknown[]): Promise<void> {
    await (super.compactRange as (...args: unknown[]) => Promise<void>)(...args)
    this.written.push('table')
  }

  override batch(...args: unknown[]): never {
    const batch = super.batch(...(args as [])) as unknown as { write(options: { sync?: boolean }): Promise<void> }
    const write = batch.write.bind(batch)
    batch.write = async (options) => {
      await write(options)
      this.written.push(options.sync === true ? 'synced' : 'quick')
    }
    return batch as never
  }
}

test('store: own entries are synced before they are acknowledged, in groups; others are not', async (t) => {
  const folder = temporaryFolder()
  const db = new Watched(folder, { keyEncoding: 'view', valueEncoding: 'view' })
  const { id, signer } = ada
  const store = await openStore({ db, identity: id, signer, crypto: nodeCrypto, clock: new HandClock() })
  const writesOf = async (work: () => Promise<unknown>): Promise<string> => {
    db.written.length = 0
    await work()
    return db.written.join()
  }
  t.equal(await writesOf(() => store.append(note('one'))), 'synced')
  const many = () => Promise.all(Array.from({ length: 50 }, (_, i) => store.append(note(`${i}`))))
  t.equal(await writesOf(many), 'synced', 'fifty asked for together share a write')
  const during = async (): Promise<void> => {
    const first = store.append(note('first'))
    await Promise.resolve()
    await Promise.all([first, store.append(note('second')), store.append(note('third'))])
  }
  t.ok((await writesOf(during)).split(',').length <= 2, 'what comes while one is written shares the next')
  t.equal(await writesOf(() => store.ingest(ben.id, rawOf(chain(ben, 100, null)))), 'quick', 'a run is one batch')
  await store.close()
  removeFolder(folder)
})

test('store: a long rewriting becomes the feed once what it stands on is in a table; signing leaves turns to others', async (t) => {
  const folder = temporaryFolder()
  const db = new Watched(folder, { keyEncoding: 'view', valueEncoding: 'view' })
  let inARow = 0
  let most = 0
  const signer: Signer = {
    sign: (bytes) => {
      most = Math.max(most, ++inARow)
      return ada.signer.sign(bytes)
    },
  }
  const store = await openStore({ db, identity: ada.id, signer, crypto: nodeCrypto, clock: new HandClock() })
  const written = await Promise.all(Array.from({ length: 1_200 }, (_, i) => store.append(note(`${i}`))))
  const turn = (): void => {
    inARow = 0
    ticking = setImmediate(turn)
  }
  let ticking = setImmediate(turn)
  db.written.length = 0
  most = 0
  await store.own.rebase(new Set(keysOf(written.slice(0, 1))))
  clearImmediate(ticking)
  t.deepEqual(db.written.slice(0, 3), ['quick', 'table', 'synced'])
  t.ok(most <= 64, `${most} signatures in one turn of the loop`)
  await store.close()
  removeFolder(folder)
})

/** LevelDB whose writes wait until they are let go, or are made to fail. */
class Held extends ClassicLevel<Uint8Array, Uint8Array> {
  hold = false
  readonly #waiting: ((fault?: Error) => void)[] = []
  #told: (() => void) | undefined

  override batch(...args: unknown[]): never {
    const batch = super.batch(...(args as [])) as unknown as { write(options: object): Promise<void> }
    const write = batch.write.bind(batch)
    batch.write = async (options) => {
      if (this.hold) await this.#turn()
      return write(options)
    }
    return batch as never
  }

  #turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push((fault) => (fault ? reject(fault) : resolve()))
      this.#told?.()
    })
  }

  /** Resolves when a write waits, with what lets it go. */
  async waiting(): Promise<(fault?: Error) => void> {
    if (this.#waiting.length === 0) await new Promise<void>((resolve) => (this.#told = resolve))
    return this.#waiting.shift()!
  }
}

test('store: what was signed to follow on a write that failed follows on what is there', async (t) => {
  const folder = temporaryFolder()
  const db = new Held(folder, { keyEncoding: 'view', valueEncoding: 'view' })
  const { id } = ada
  let signed = 0
  let allAreSigned: () => void
  const allSigned = new Promise<void>((resolve) => (allAreSigned = resolve))
  const signer: Signer = {
    sign(text) {
      if (++signed === 43) allAreSigned()
      return ada.signer.sign(text)
    },
  }
  const store = await openStore({ db, identity: id, signer, crypto: nodeCrypto, clock: new HandClock() })
  const first = await store.append(note('first'))
  db.hold = true
  const lost = store.append(note('lost')).catch((error: unknown) => error)
  const fail = await db.waiting()
  const kept = Array.from({ length: 40 }, (_, i) => store.append(note(`${i}`)))
  const changing = { type: 'public_note', text: 'as it was' }
  kept.push(store.append(changing))
  changing.text = 'as it became'
  await allSigned
  db.hold = false
  fail(new Error('no space left on device'))
  t.equal(((await lost) as { code?: string }).code, 'STORE_WRITE')
  const entries = await Promise.all(kept)
  t.equal(entries[0]?.parent, first.key, 'not on what was not written')
  t.deepEqual(keysOf(await collect(store.read(id))), keysOf([first, ...entries]), 'in their order')
  t.deepEqual(entries.at(-1)?.payload, { type: 'public_note', text: 'as it was' }, 'as asked for')
  t.equal((await store.verifyAll()).bad, 0)
  await store.close()
  removeFolder(folder)
})

test('store: a flood of own entries leaves turns to what else is to be written to the own feed', async (t) => {
  const folder = temporaryFolder()
  const db = new ClassicLevel<Uint8Array, Uint8Array>(folder, { keyEncoding: 'view', valueEncoding: 'view' })
  const { id, signer } = ada
  const store = await openStore({ db, identity: id, signer, crypto: nodeCrypto, clock: new HandClock() })
  let flooding = true
  const flood = async (): Promise<void> => {
    while (flooding) await store.append(note('flood'))
  }
  const floods = Array.from({ length: 64 }, flood)
  const dropped = await store.append(note('dropped'))
  t.deepEqual((await store.own.rebase(new Set([dropped.key]))).dropped, [dropped.key])
  flooding = false
  await Promise.all(floods)
  t.equal((await store.verifyAll()).bad, 0)
  await store.close()
  removeFolder(folder)
})

/** LevelDB that takes synced writes alone. */
class SyncedOnly extends ClassicLevel<Uint8Array, Uint8Array> {
  override batch(...args: unknown[]): never {
    const batch = super.batch(...(args as [])) as unknown as { write(options: { sync?: boolean }): Promise<void> }
    const write = batch.write.bind(batch)
    batch.write = async (options) => {
      if (!options.sync) throw new Error('no space left on device')
      return write(options)
    }
    return batch as never
  }
}

test('store: own entries stand, whatever becomes of putting their chunks together', async (t) => {
  const folder = temporaryFolder()
  const db = new SyncedOnly(folder, { keyEncoding: 'view', valueEncoding: 'view' })
  const { id, signer } = ada
  const faults: unknown[] = []
  const onFault = (error: unknown): void => void faults.push(error)
  const store = await openStore({ db, identity: id, signer, crypto: nodeCrypto, clock: new HandClock(), onFault })
  const written: Entry[] = []
  for (let i = 0; i < 33; i++) written.push(await store.append(note(`${i}`)))
  t.deepEqual(keysOf(await collect(store.read(id))), keysOf(written))
  t.deepEqual(
    faults.map((fault) => (fault as { code?: string }).code),
    ['STORE_WRITE'],
    'which is told',
  )
  await store.close()
  removeFolder(folder)
})
