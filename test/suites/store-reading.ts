import { generatorIdOf, hasCode, jamIdOf, name } from '../../lib/base/index.ts'
import type { Entry, Payload } from '../../lib/entry/index.ts'
import type { Change, Store } from '../../lib/store/index.ts'
import { chain, collect, keysOf, note, rawOf } from '../helpers/chains.ts'
import type { StoreKind } from '../helpers/stores.ts'
import { ada, ben, cy, fork, rejects, storesOf } from './store-kit.ts'
import type { Tape } from './store-kit.ts'

/** What any store tells of what it holds, over whichever database it lies. */
export function storeReadingSuite(test: Tape, kind: StoreKind): void {
  const withStore = storesOf(test, kind)

  withStore('reading by range', async (t, store) => {
    const { low, high, root } = fork()
    await store.ingest(ben.id, rawOf([...root, ...low]))
    await store.ingest(ben.id, rawOf(high))
    const all = [...root, ...high]
    const read = async (range: Parameters<Store['read']>[1]): Promise<string[]> =>
      keysOf(await collect(store.read(ben.id, range)))
    t.deepEqual(await read({ after: all[1]!.comparable }), keysOf(all.slice(2)))
    t.deepEqual(await read({ until: all[1]!.comparable }), keysOf(all.slice(0, 2)))
    t.deepEqual(await read({ after: all[0]!.comparable, until: all[4]!.comparable }), keysOf(all.slice(1, 5)))
    t.deepEqual(await read({ limit: 4 }), keysOf(all.slice(0, 4)), 'over the seam of two branches')
    t.deepEqual(await read({ reverse: true, limit: 4 }), keysOf(all.slice(-4).reverse()))
    t.deepEqual(await read({ reverse: true }), keysOf(all).reverse())
    t.deepEqual(await read({ limit: 0 }), [])
    t.deepEqual(await collect(store.read(cy.id)), [])
  })

  withStore('runs to be sent as they are', async (t, store, clock, place) => {
    const { low, high, root } = fork()
    await store.ingest(ben.id, rawOf([...root, ...low]))
    const run = async (from: Store, after: Entry | undefined, entries = 100, bytes = 1e6): Promise<string[]> =>
      keysOf(await from.readRun(ben.id, after, { entries, bytes, each: 2 }))
    t.deepEqual(await run(store, low[1]), keysOf(low.slice(2)))
    await store.ingest(ben.id, rawOf(high))
    const all = [...root, ...high]
    const whole = await store.readRun(ben.id, undefined, { entries: 100, bytes: 1e6, each: 2 })
    t.deepEqual(
      whole.map(({ bytes, comparable, key }) => ({ bytes: [...bytes], comparable, key })),
      all.map(({ bytes, comparable, key }) => ({ bytes: [...bytes], comparable, key })),
      'over the seam of two branches, from the first on',
    )
    t.deepEqual(await run(store, all[3]), keysOf(all.slice(4)), 'after a position')
    t.deepEqual(await run(store, all.at(-1)), [], 'nothing after the head')
    t.deepEqual(await run(store, low[1]), [], 'nor after what is on a losing chain')
    t.deepEqual(await run(store, undefined, 2), keysOf(all.slice(0, 2)), 'so many entries')
    const two = all[0]!.bytes.length + all[1]!.bytes.length + 4
    t.deepEqual(
      await run(store, undefined, 100, two),
      keysOf(all.slice(0, 2)),
      'so many bytes, what goes with each within',
    )
    t.deepEqual(await run(store, undefined, 100, two - 1), keysOf(all.slice(0, 1)))
    t.deepEqual(await store.readRun(cy.id, undefined, { entries: 1, bytes: 1e6, each: 0 }), [], 'of an unknown feed')
    await store.close()
    const again = await place.open(ada, clock)
    t.deepEqual(await run(again, all[0]), keysOf(all.slice(1)), 'with nothing of it in memory')
    t.deepEqual(await run(again, all[0]), keysOf(all.slice(1)), 'and then from there')
    await again.close()
  })

  withStore('the indexes', async (t, store, clock) => {
    const jam = jamIdOf(ada.id, name('j'))
    const generator = {
      type: 'generator',
      name: 'drums',
      archive: `&${'A'.repeat(43)}=.sha256`,
      size: 1,
      runtime: 'wasm',
    }
    const payloads: Payload[] = [
      { type: 'follow', identity: ada.id, on: true },
      generator,
      { type: 'comment', text: 'hi', jam },
      { type: 'block', identity: ada.id, on: false },
      { ...generator, size: 2 },
      'secret.box',
      { type: 'x'.repeat(65) },
      { type: 'constructor', jam: '__proto__' },
    ]
    const bens = chain(ben, payloads.length, null, { payload: (at) => payloads[at]! })
    const cys = chain(cy, 2, null, { from: bens[3]!.comparable + 1, payload: () => payloads[0]! })
    await store.ingest(ben.id, rawOf(bens))
    await store.ingest(cy.id, rawOf(cys))
    const own = await store.append({ type: 'comment', text: 'own', jam })
    const at = (...indexes: number[]): string[] => indexes.map((i) => bens[i]!.key)
    const keys = async (items: AsyncIterable<Entry>): Promise<string[]> => keysOf(await collect(items))
    t.deepEqual(
      await keys(store.byType('follow')),
      [cys[1]!.key, cys[0]!.key, ...at(0)],
      'newest first, over all feeds',
    )
    t.deepEqual(await keys(store.byType('follow', { reverse: true, limit: 2 })), [...at(0), cys[0]!.key])
    t.deepEqual(await keys(store.byType('follow', { identity: cy.id, limit: 1 })), [cys[1]!.key])
    t.deepEqual(await keys(store.byType('.box')), at(5))
    t.deepEqual(await keys(store.byType('foll')), [], 'a type is no prefix')
    t.deepEqual(await keys(store.byType('x'.repeat(65))), [], 'a type that long is not indexed')
    t.deepEqual(await keys(store.byType('constructor')), at(7))
    t.deepEqual(await keys(store.byType('follow', { limit: 0 })), [])
    t.deepEqual(await keys(store.byJam(jam)), [...at(2), own.key], 'oldest first')
    t.deepEqual(await keys(store.byJam(jamIdOf(ada.id, name('j2')))), [])
    t.deepEqual(await keys(store.byGenerator(generatorIdOf(ben.id, name('drums')))), at(4, 1))
    t.deepEqual(await keys(store.byGenerator(generatorIdOf(cy.id, name('drums')))), [], "only in its owner's feed")
    t.deepEqual(await keys(store.byEdge(ada.id)), [cys[1]!.key, cys[0]!.key, ...at(3, 0)])
    t.equal((await store.verifyAll()).bad, 0)
    t.ok(clock.now > bens[0]!.comparable)
  })

  withStore('an again counts as what it publishes again', async (t, store) => {
    const jam = jamIdOf(ben.id, name('j'))
    const elsewhere = chain(ben, 1, null, { payload: () => ({ type: 'comment', text: 'once', jam }) })
    const original = elsewhere[0]!
    const again = { type: 'again', key: original.key, comparable: original.comparable, payload: original.payload }
    const entries = chain(ben, 3, null, {
      from: original.comparable + 10,
      payload: (at) => [note('first'), again, { type: 'comment', text: 'later', jam }][at]!,
    })
    await store.ingest(ben.id, rawOf(entries))
    t.deepEqual(keysOf(await collect(store.byJam(jam))), keysOf(entries.slice(1)))
    t.deepEqual(keysOf(await collect(store.byType('comment'))), keysOf([entries[2]!, entries[1]!]))
    t.equal((await store.get(original.key))?.key, entries[1]!.key, 'found by the key of its original')
    t.equal((await store.verifyAll()).bad, 0)
  })

  withStore('changes are told in order, each once it can be read', async (t, store) => {
    const entries = chain(ben, 30, null)
    const counts: number[] = []
    const seen: Promise<number | undefined>[] = []
    const stop = store.onChange((change) => {
      counts.push(change.head.count)
      seen.push(store.head(change.head.identity).then((head) => head?.count))
    })
    await Promise.all([0, 10, 20].map((at) => store.ingest(ben.id, rawOf(entries.slice(at, at + 10)))))
    t.deepEqual(counts, [10, 20, 30])
    const read = await Promise.all(seen)
    t.ok(read.every((count, i) => count !== undefined && count >= (counts[i] ?? 0)))
    stop()
    const [own] = await Promise.all([nextChange(store), store.append(note('mine'))])
    t.deepEqual([own.own, own.head.identity, own.entries.length], [true, ada.id, 1])
    t.equal(counts.length, 3, 'who has stopped is not told')
  })

  withStore('a reader that began before a changeover sees the old feed to its end', async (t, store) => {
    const { low, high, root } = fork()
    await store.ingest(ben.id, rawOf([...root, ...low]))
    const reading = store.read(ben.id)[Symbol.asyncIterator]()
    const seen = [(await reading.next()).value as Entry]
    const scanning = store.byType('public_note')[Symbol.asyncIterator]()
    const scanned = [(await scanning.next()).value as Entry]
    await store.ingest(ben.id, rawOf(high))
    for (let step = await reading.next(); !step.done; step = await reading.next()) seen.push(step.value)
    for (let step = await scanning.next(); !step.done; step = await scanning.next()) scanned.push(step.value)
    t.deepEqual(keysOf(seen), keysOf([...root, ...low]))
    t.deepEqual(keysOf(scanned), keysOf([...root, ...low]).reverse())
  })

  withStore('heads, sizes and a full check', async (t, store) => {
    await store.ingest(ben.id, rawOf(chain(ben, 700, null)))
    await store.ingest(cy.id, rawOf(chain(cy, 3, null)))
    await store.append(note('own'))
    const heads = await collect(store.heads())
    t.deepEqual(Object.fromEntries(heads.map(({ identity, count }) => [identity, count])), {
      [ada.id]: 1,
      [ben.id]: 700,
      [cy.id]: 3,
    })
    const { feeds, entries } = await store.sizes()
    t.deepEqual([feeds, entries], [3, 704])
    const progress: [number, number][] = []
    const verified = await store.verifyAll({ onProgress: (done, total) => progress.push([done, total]) })
    t.deepEqual(verified, { feeds: 3, entries: 704, bad: 0, faults: [], damaged: [] })
    t.deepEqual(progress, [
      [256, 704],
      [512, 704],
      [704, 704],
    ])
    await rejects(t, 'CANCELLED', store.verifyAll({ signal: AbortSignal.abort() }))
  })

  withStore('after close everything says so', async (t, store) => {
    await store.ingest(ben.id, rawOf(chain(ben, 200, null)))
    const reading = store.read(ben.id)[Symbol.asyncIterator]()
    await reading.next()
    const late = store.append(note('just in time'))
    await Promise.all([store.close(), store.close()])
    t.equal((await late).identity, ada.id, 'what was asked for before is done')
    await rejects(t, 'CLOSED', collect({ [Symbol.asyncIterator]: () => reading }))
    await rejects(t, 'CLOSED', store.append(note('x')))
    await rejects(t, 'CLOSED', store.ingest(ben.id, []))
    await rejects(t, 'CLOSED', store.releaseDue())
    await rejects(t, 'CLOSED', store.head(ben.id))
    await rejects(t, 'CLOSED', store.lost(ben.id))
    await rejects(t, 'CLOSED', store.get((await late).key))
    await rejects(t, 'CLOSED', store.has(ada.id, await late))
    await rejects(t, 'CLOSED', store.verifyAll())
    await rejects(t, 'CLOSED', store.sizes())
    const jam = jamIdOf(ada.id, name('j'))
    const generator = generatorIdOf(ada.id, name('g'))
    const streams = [store.heads(), store.read(ada.id), store.readLost(ada.id, await late), store.byType('x')]
    for (const stream of [...streams, store.byJam(jam), store.byGenerator(generator), store.byEdge(ada.id)])
      await rejects(t, 'CLOSED', collect<unknown>(stream))
    try {
      store.onChange(() => undefined)
      t.fail('onChange after close')
    } catch (error) {
      t.ok(hasCode(error, 'CLOSED'))
    }
  })
}

const nextChange = (store: Store): Promise<Change> =>
  new Promise((resolve) => {
    const stop = store.onChange((change) => {
      stop()
      resolve(change)
    })
  })
