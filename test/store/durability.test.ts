import test from 'tape'
import { ClassicLevel } from 'classic-level'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { openStore } from '../../lib/store/index.ts'
import { HandClock, chain, identityNamed, note, rawOf } from '../helpers/chains.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

const ada = identityNamed('ada')
const ben = identityNamed('ben')

/** LevelDB that tells of each batch whether it was synced, once it is written. */
class Watched extends ClassicLevel<Uint8Array, Uint8Array> {
  readonly written: ('synced' | 'quick')[] = []

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
