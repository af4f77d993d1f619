import { hasCode, hex, jamIdOf, name } from '../../lib/base/index.ts'
import { FUTURE_LIMIT_MICROS } from '../../lib/entry/index.ts'
import type { Entry } from '../../lib/entry/index.ts'
import { chain, headOfChain, keysOf, note, rawOf } from '../helpers/chains.ts'
import type { StoreKind } from '../helpers/stores.ts'
import { ada, ben, cy, feedOf, rejects, storesOf } from './store-kit.ts'
import type { Tape } from './store-kit.ts'

/** What any store does with entries that come to it, over whichever database it lies. */
export function storeSuite(test: Tape, kind: StoreKind): void {
  const withStore = storesOf(test, kind)

  withStore('appended entries form a chain, and are there after opening again', async (t, store, clock, place) => {
    const together = await Promise.all([store.append(note('a')), store.append(note('b')), store.append(note('c'))])
    clock.now += 5000
    const later = await store.append(note('d'))
    const all = [...together, later]
    t.deepEqual(keysOf(await feedOf(store, ada.id)), keysOf(all))
    t.deepEqual(
      all.map(({ parent }) => parent),
      [null, ...keysOf(together)],
    )
    t.equal(together[0].comparable, clock.now - 5000, 'a comparable is the clock')
    t.equal(together[2].comparable, clock.now - 4998, "or the parent's + 1")
    t.deepEqual(await store.head(ada.id), { identity: ada.id, ...headOfChain(all), count: 4 })
    await store.close()
    const again = await place.open(ada, clock)
    t.deepEqual(keysOf(await feedOf(again, ada.id)), keysOf(all))
    t.deepEqual((await again.append(note('e'))).parent, later.key)
    await again.close()
  })

  withStore('an append that cannot be is refused, and leaves no trace', async (t, store, clock) => {
    const results = await Promise.allSettled([
      store.append(note('good')),
      store.append({ type: 'public_note', text: 7 }),
      store.append(note('x'.repeat(8000) + '\u00e9'.repeat(100))),
      store.append({ type: 'comment', text: '\u{1d11e}'.repeat(4000), jam: jamIdOf(ada.id, name('j')) }),
      store.append(note('also good')),
    ])
    t.deepEqual(
      results.map((result) => (result.status === 'rejected' ? (result.reason as { code: string }).code : 'ok')),
      ['ok', 'PAYLOAD_INVALID', 'ok', 'ENTRY_TOO_LARGE', 'ok'],
    )
    t.equal((await store.head(ada.id))?.count, 3)
    clock.now -= FUTURE_LIMIT_MICROS + 1000
    await rejects(t, 'CLOCK_BEHIND_FEED', store.append(note('too late')))
    t.equal((await store.verifyAll()).bad, 0)
  })

  withStore('too many waiting appends are refused', async (t, store) => {
    const results = await Promise.allSettled(Array.from({ length: 4100 }, (_, i) => store.append(note(`${i}`))))
    const refused = results.filter((result) => result.status === 'rejected')
    t.equal(refused.length, 4)
    t.ok(refused.every(({ reason }) => hasCode(reason, 'STORE_BUSY')))
    t.equal((await store.head(ada.id))?.count, 4096)
  })

  withStore('a run is adopted, known the second time, and grows', async (t, store) => {
    const entries = chain(ben, 10, null)
    const first = await store.ingest(ben.id, rawOf(entries.slice(0, 6)))
    t.equal(first.kind, 'adopted')
    t.deepEqual(first.kind === 'adopted' && keysOf(first.entries), keysOf(entries.slice(0, 6)))
    t.deepEqual(await store.ingest(ben.id, rawOf(entries.slice(2, 5))), { kind: 'known' })
    const overlap = await store.ingest(ben.id, rawOf(entries.slice(4)))
    t.deepEqual(overlap.kind === 'adopted' && keysOf(overlap.entries), keysOf(entries.slice(6)), 'only what is new')
    t.deepEqual(keysOf(await feedOf(store)), keysOf(entries))
    t.deepEqual(await store.head(ben.id), { identity: ben.id, ...headOfChain(entries), count: 10 })
    t.deepEqual(rawOf(await feedOf(store)).map(hex), rawOf(entries).map(hex), 'bytes come back as they were signed')
  })

  withStore('runs that are handed in together are taken in their order, up to a bound', async (t, store) => {
    const entries = chain(ben, 68, null)
    const results = await Promise.allSettled(entries.map(({ bytes }) => store.ingest(ben.id, [bytes])))
    const kinds = results.map((result) => (result.status === 'fulfilled' ? result.value.kind : 'rejected'))
    t.deepEqual(kinds, [...Array<string>(64).fill('adopted'), ...Array<string>(4).fill('rejected')])
    t.ok(results.slice(64).every((result) => result.status === 'rejected' && hasCode(result.reason, 'STORE_BUSY')))
    t.equal((await store.ingest(ben.id, rawOf(entries.slice(64)))).kind, 'adopted', 'and go on once there is room')
    t.deepEqual(keysOf(await feedOf(store)), keysOf(entries))
  })

  withStore('a long run gives way to what else there is to do', async (t, store) => {
    const text = 'x'.repeat(13_000)
    const entries = chain(ben, 100, null, { payload: (at) => note(`${at} ${text}`) })
    let turns = 0
    const count = (): void => {
      turns++
      counting = setImmediate(count)
    }
    let counting = setImmediate(count)
    const result = await store.ingest(ben.id, rawOf(entries))
    clearImmediate(counting)
    t.equal(result.kind === 'adopted' && result.entries.length, 100)
    t.ok(turns > 2, `${turns} turns of the loop meanwhile`)
  })

  withStore('what is refused says why', async (t, store) => {
    const entries = chain(ben, 5, null)
    const refuses = async (code: string, at: number, run: readonly Uint8Array[], who = ben.id): Promise<void> => {
      const result = await store.ingest(who, run)
      t.deepEqual(result.kind === 'refused' && [result.code, result.at], [code, at], JSON.stringify(result))
    }
    await refuses('RUN_SIZE', 0, [])
    await refuses('FEED_GAP', 0, rawOf(entries.slice(1)))
    await refuses('FEED_IDENTITY', 0, rawOf(entries), cy.id)
    await refuses('ENTRY_TOO_SHORT', 0, [new Uint8Array(5)])
    await store.ingest(ben.id, rawOf(entries))
    await refuses('FEED_PARENT', 0, rawOf(chain(cy, 1, entries[4] ?? null)), cy.id)
    await refuses('FEED_COMPARABLE', 0, rawOf(chain(ben, 1, entries[4] ?? null, { from: 17 })))
    const ended = chain(ben, 300, entries[4] ?? null, { spoiled: () => true })
    await refuses('FEED_ENDED', 0, rawOf(ended))
    t.equal((await store.head(ben.id))?.count, 5)
    await rejects(t, 'ID_INVALID', store.ingest('@nobody' as typeof ben.id, rawOf(entries)))
  })

  withStore('a run that breaks off is kept up to there', async (t, store) => {
    const entries = chain(ben, 5, null)
    const run = [...rawOf(entries.slice(0, 3)), new Uint8Array(5), ...rawOf(entries.slice(4))]
    const result = await store.ingest(ben.id, run)
    t.deepEqual(result.kind === 'adopted' && [result.entries.length, result.stop?.at, result.stop?.code], [
      3,
      3,
      'ENTRY_TOO_SHORT',
    ])
    const known = await store.ingest(ben.id, run)
    t.deepEqual(known.kind === 'known' && known.stop?.code, 'ENTRY_TOO_SHORT')
  })

  withStore('entries without a good signature wait for one after them', async (t, store) => {
    const entries = chain(ben, 8, null, { spoiled: (at) => at > 2 && at < 7 })
    const first = await store.ingest(ben.id, rawOf(entries.slice(0, 5)))
    t.deepEqual(first.kind === 'adopted' && first.head.count, 3)
    const second = await store.ingest(ben.id, rawOf(entries.slice(5, 7)))
    t.deepEqual(second, { kind: 'staged', tail: headOfChain(entries.slice(0, 7)), unverified: true })
    const third = await store.ingest(ben.id, rawOf(entries.slice(7)))
    t.deepEqual(third.kind === 'adopted' && keysOf(third.entries), keysOf(entries.slice(3)))
    t.equal((await feedOf(store)).length, 8)
    const { bad, faults } = await store.verifyAll()
    t.deepEqual(
      [bad, faults[0]?.code, faults[0]?.key],
      [4, 'ENTRY_SIGNATURE', entries[3]?.key],
      'a full check names them',
    )
  })

  withStore('what does not fit after a waiting tail is refused, and the tail stays', async (t, store) => {
    const entries = chain(ben, 5, null, { spoiled: (at) => at === 2 })
    await store.ingest(ben.id, rawOf(entries.slice(0, 3)))
    const early = await store.ingest(ben.id, rawOf(chain(ben, 1, entries[2] ?? null, { from: 17 })))
    t.deepEqual(early.kind === 'refused' && [early.code, early.at], ['FEED_COMPARABLE', 0])
    t.equal((await store.ingest(ben.id, rawOf(entries.slice(3)))).kind, 'adopted')
  })

  withStore('a forged tail does not stand in the way of the true one', async (t, store) => {
    const entries = chain(ben, 6, null)
    await store.ingest(ben.id, rawOf(entries.slice(0, 3)))
    const forged = chain(ben, 4, entries[2] ?? null, { spoiled: () => true, step: 7 })
    t.equal((await store.ingest(ben.id, rawOf(forged))).kind, 'staged')
    const result = await store.ingest(ben.id, rawOf(entries.slice(3)))
    t.equal(result.kind, 'adopted')
    t.deepEqual(await store.lost(ben.id), [])
    t.equal((await store.ingest(cy.id, rawOf(chain(cy, 2, null, { spoiled: () => true })))).kind, 'staged')
    t.equal(await store.head(cy.id), undefined, 'nor does a forged start make a feed')
  })

  withStore('entries far ahead are held until the clock has come near', async (t, store, clock) => {
    const step = 120_000_000
    const entries = chain(ben, 12, null, { from: clock.now, step })
    const first = await store.ingest(ben.id, rawOf(entries.slice(0, 8)))
    t.deepEqual(first.kind === 'held' && [first.entries.length, first.head?.count, first.due], [6, 6, clock.now + step])
    const second = await store.ingest(ben.id, rawOf(entries.slice(8)))
    t.equal(second.kind, 'held', 'a run may go on from one that is held')
    t.equal(store.nextDue(), clock.now + step)
    t.deepEqual(await store.releaseDue(), [], 'nothing is due yet')
    t.equal((await store.head(ben.id))?.count, 6)
    clock.now += step
    const released = await store.releaseDue()
    t.deepEqual(
      released.map((result) => result.kind === 'held' && result.entries.length),
      [1],
      'what has come near',
    )
    clock.now += 10 * step
    t.equal((await store.releaseDue())[0]?.kind, 'adopted')
    t.deepEqual(keysOf(await feedOf(store)), keysOf(entries))
    t.equal(store.nextDue(), undefined)
  })

  withStore('of entries far ahead the nearest are held', async (t, store, clock) => {
    const ahead = (who: typeof ben, minutes: number): Entry[] =>
      chain(who, 600, null, { from: clock.now + minutes * 60_000_000, step: 1 })
    t.equal((await store.ingest(ben.id, rawOf(ahead(ben, 30)))).kind, 'held')
    const further = await store.ingest(cy.id, rawOf(ahead(cy, 40)))
    t.deepEqual(further.kind === 'refused' && further.code, 'FUTURE_FULL')
    t.equal((await store.ingest(cy.id, rawOf(ahead(cy, 20)))).kind, 'held', 'a nearer one takes its place')
    t.equal(store.nextDue(), clock.now + 10 * 60_000_000)
    clock.now += 25 * 60_000_000
    t.deepEqual(
      (await store.releaseDue()).map(({ kind }) => kind),
      ['adopted'],
    )
    t.equal(await store.head(ben.id), undefined)
  })
}
