import test from 'tape'
import { once, EventEmitter } from 'node:events'
import type { Db } from '../../lib/store/index.ts'
import { Rest } from '../../lib/store/rest.ts'

/** A database that tells when what it holds in memory is put into a table. */
class Telling extends EventEmitter {
  tables = 0
  /** The store waits for its rest without keeping its process alive. */
  readonly #awake = setInterval(() => undefined, 1_000)

  close(): void {
    clearInterval(this.#awake)
  }

  async compactRange(): Promise<void> {
    this.tables++
    this.emit('table')
  }
}

test('store: at rest what LevelDB holds in memory goes into a table, once', async (t) => {
  const db = new Telling()
  const rest = new Rest(db as unknown as Db, 1)
  rest.wrote(100)
  rest.wrote(100_000)
  await once(db, 'table')
  t.equal(db.tables, 1, 'when little has been written for a while')
  rest.wrote(100)
  rest.wrote(100_000)
  await once(db, 'table')
  t.equal(db.tables, 2, 'and again after as much')
  await rest.end()
  db.close()
})

test('store: a table that cannot be written is no fault of those who wait for the end', async (t) => {
  const db = new Telling()
  db.compactRange = async () => {
    db.emit('table')
    throw new Error('no space left on device')
  }
  const rest = new Rest(db as unknown as Db, 1)
  rest.wrote(100_000)
  await once(db, 'table')
  await rest.end()
  db.close()
  t.pass('they are not told')
})

test('store: what is much is put into a table at the end; what is little, or in one already, is not', async (t) => {
  const db = new Telling()
  const few = new Rest(db as unknown as Db)
  few.wrote(100)
  await few.end()
  t.equal(db.tables, 0)
  const many = new Rest(db as unknown as Db)
  many.wrote(100_000)
  await many.end()
  await many.end()
  t.equal(db.tables, 1)
  db.close()
})
