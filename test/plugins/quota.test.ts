import { readdir } from 'node:fs/promises'
import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { hasCode, type BlobId, type Millis } from '../../lib/base/index.ts'
import { BlobStore, type Pin } from '../../lib/blobs/index.ts'
import { Keeper, LATER, PAUSE, SOON, blobsContract, type Time } from '../../plugins/blobs/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { bytesOf } from '../helpers/blobs.ts'
import { barAhead, e2e, startSounding } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'
import { codeOf } from '../helpers/hosts.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

/** Time that goes on when it is told to. */
class HandTime implements Time {
  #now: Millis = 0
  readonly #timers = new Set<{ readonly at: Millis; readonly work: () => void }>()

  now(): Millis {
    return this.#now
  }
  after(wait: Millis, work: () => void): () => void {
    const timer = { at: this.#now + wait, work }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }
  /** How long until each timer is due. */
  get waits(): Millis[] {
    return [...this.#timers].map(({ at }) => at - this.#now).sort((a, b) => a - b)
  }
  pass(millis: Millis): void {
    this.#now += millis
    for (const timer of [...this.#timers]) {
      if (timer.at > this.#now) continue
      this.#timers.delete(timer)
      timer.work()
    }
  }
}

interface Kept {
  readonly keeper: Keeper
  readonly store: BlobStore
  readonly time: HandTime
  readonly pins: Pin[]
  readonly faults: unknown[]
  /** Adds a blob that was used long ago. */
  readonly put: (size: number) => Promise<BlobId>
  /** Resolves with the next blob that is removed. */
  readonly removed: () => Promise<BlobId>
}

async function withKeeper(quota: number, work: (kept: Kept) => Promise<void>): Promise<void> {
  const folder = temporaryFolder()
  const store = await BlobStore.open({ folder, now: () => Date.now() })
  const time = new HandTime()
  const faults: unknown[] = []
  const keeper = new Keeper({ store, quota, time, inUse: () => false, onFault: (error) => faults.push(error) })
  const pins: Pin[] = []
  keeper.addPins(async function* () {
    yield* pins
  })
  let seed = 0
  const put = async (size: number): Promise<BlobId> => {
    const { id } = await store.add([bytesOf(size, ++seed)])
    const at = Date.now() / 1000 - 3_600 + seed
    utimesSync(store.path(id), at, at)
    return id
  }
  const removed = (): Promise<BlobId> =>
    new Promise((resolve) => {
      const stop = store.onRemove(({ id }) => {
        stop()
        resolve(id)
      })
    })
  await work({ keeper, store, time, pins, faults, put, removed })
  await keeper.close()
  removeFolder(folder)
}

test('quota: the node looks after a blob has come, and no more than once a minute', async (t) => {
  await withKeeper(1_000, async ({ keeper, store, time, faults, put, removed }) => {
    const [first, second] = [await put(600), await put(600)]
    t.deepEqual(time.waits, [SOON], 'planned once for both')
    const gone = removed()
    time.pass(SOON)
    t.equal(await gone, first, 'what was used longest ago')
    t.equal((await keeper.collect()).blobs, 1, 'and no more than that')
    const third = await put(700)
    t.deepEqual(time.waits, [PAUSE])
    time.pass(PAUSE - 1)
    t.ok((await store.has(second)) && (await store.has(third)), 'not before the pause is over')
    const next = removed()
    time.pass(1)
    t.equal(await next, second)
    t.deepEqual(faults, [])
    await put(1)
    await keeper.close()
    t.deepEqual(time.waits, [], 'nothing is left running')
  })
  t.end()
})

test('quota: where pins cannot be read, the fault is told and nothing goes', async (t) => {
  await withKeeper(1_000, async ({ keeper, store, time, faults, put }) => {
    // eslint-disable-next-line require-yield -- it stands for a scan that breaks
    keeper.addPins(async function* () {
      throw new Error('the index is gone')
    })
    const blob = await put(1_001)
    time.pass(SOON)
    await until('the fault is told', () => faults.length > 0)
    t.equal(String(faults[0]), 'Error: the index is gone')
    t.ok(await store.has(blob))
  })
  t.end()
})

test('quota: room is reserved: what is asked for at once never goes beyond it together', async (t) => {
  await withKeeper(1_000, async ({ keeper, time, pins, put }) => {
    let told = 0
    keeper.onRoom(() => told++)
    const pinned = await put(200)
    pins.push({ blob: pinned, why: 'so the test says' })
    const next = [] as BlobId[]
    for (let seed = 0; seed < 20; seed++) next.push(await other(seed))
    const all = await Promise.all(next.map((blob) => keeper.reserve(blob, 100)))
    const kept = all.filter((room) => room !== undefined)
    t.equal(kept.length, 8)
    t.deepEqual(time.waits.at(-1), LATER, 'the others are told to ask again, at the latest when what is young is not')
    kept[0]?.release()
    kept[0]?.release()
    t.ok(time.waits.includes(SOON), 'and soon after one was given back')
    time.pass(SOON)
    t.equal(told, 1)
    const [again, tooMany] = [await keeper.reserve(next[18]!, 100), await keeper.reserve(next[19]!, 1)]
    t.ok(again !== undefined && tooMany === undefined, 'the room of one, not more for releasing twice')
    t.equal(await keeper.reserve(next[19]!, 1_001), undefined)
    for (const room of [...kept, again]) room?.release()
    t.ok(await keeper.reserve(next[0]!, 800))
  })
  t.end()
})

test('quota: a blob that has come takes its own reservation, and what nobody needs makes room for it', async (t) => {
  await withKeeper(1_000, async ({ keeper, store, time, put }) => {
    const old = await put(900)
    const bytes = bytesOf(500, 77)
    const id = await other(77, 500)
    const room = await keeper.reserve(id, 600)
    t.ok(room, 'after a collection')
    t.notOk(await store.has(old))
    t.equal(await keeper.reserve(await other(1), 500), undefined)
    t.deepEqual(time.waits, [SOON, LATER], 'what is on its way leaves no room for another')
    await store.add([bytes])
    t.deepEqual(await keeper.usage(), { blobs: 1, bytes: 500, quota: 1_000 })
    const rest = await keeper.reserve(await other(2), 500)
    t.ok(rest, 'what it did not fill is free again')
    room?.release()
    t.equal(await keeper.reserve(await other(3), 1), undefined)
    await keeper.close()
    t.deepEqual(time.waits, [])
  })
  t.end()
})

test('quota: what is named while a collection runs stays, and where it may be anything all does', async (t) => {
  await withKeeper(1_000, async ({ keeper, store, put }) => {
    const [first, second, third] = [await put(600), await put(600), await put(600)]
    let names: () => BlobId[] | 'anything' = () => [first]
    keeper.named(() => [second])
    // eslint-disable-next-line require-yield -- it stands for pins that are read before the entry comes
    keeper.addPins(async function* () {
      keeper.named(names)
    })
    t.deepEqual(
      (await keeper.collect()).ids,
      [second, third],
      'what was named before it ran is among the pins, or is not',
    )
    t.ok(await store.has(first))
    const more = await put(600)
    names = () => 'anything'
    t.deepEqual((await keeper.collect()).ids, [])
    names = () => []
    t.deepEqual((await keeper.collect()).ids, [first], 'the next one sees pins that are read anew')
    t.ok(await store.has(more))
  })
  t.end()
})

e2e('quota: an archive that sounds is held, until its jam is over', async (t, kit) => {
  const ada = await kit.node()
  const { archive, size } = await ada.publish('bass')
  const jam = await startSounding('friday', ada)
  const { perform, jam: jams } = ada.ask(jamsContract)
  await perform.play({ jam, generator: 'bass', on: await barAhead(ada, jam, 2) })
  const { blobs } = ada.ask(blobsContract)
  await ada.sounds('it sounds', ({ instances }) => instances.length > 0)
  t.equal(await codeOf(blobs.remove({ blob: archive })), 'BLOB_IN_USE')
  const shelf = (): Promise<string[]> => readdir(ada.node.home.generators)
  t.equal((await shelf()).length, 1)
  await jams.end({ jam })
  await ada.ask(soundContract).sound.finished()
  t.deepEqual(await blobs.remove({ blob: archive }), { blob: archive, size })
  t.deepEqual(await shelf(), [], 'and is not kept on disk by its place on the shelf')
})

/** The name of a blob that is not here. */
async function other(seed: number, size = 100): Promise<BlobId> {
  const folder = temporaryFolder()
  const store = await BlobStore.open({ folder, now: () => 0 })
  const { id } = await store.add([bytesOf(size, seed)])
  removeFolder(folder)
  return id
}

e2e('quota: an archive that there is no room for is not fetched ahead, until there is', async (t, kit) => {
  const ben = await kit.node()
  const { archive, size } = await ben.publish('bass')
  const ada = await kit.node({ config: { blobs: { quota: size + 1_000 } } })
  const file = join(await kit.folder(), 'picture')
  writeFileSync(file, bytesOf(2_000, 5))
  const { blobs } = ada.ask(blobsContract)
  const picture = await blobs.add({ file })
  await ada.follow(ben)
  await ada.dial(ben)
  const refusals = (): number =>
    ada.log.lines.filter(({ fields }) => hasCode((fields as { err?: unknown }).err, 'BLOB_QUOTA')).length
  await until('it is refused', () => refusals() > 0)
  t.equal(refusals(), 1)
  t.notOk(await ada.blobs.store.has(archive))
  await blobs.remove({ blob: picture.blob })
  await until('it comes once there is room', () => ada.blobs.store.has(archive))
  t.deepEqual(await blobs.usage(), { blobs: 1, bytes: size, quota: size + 1_000 })
})
