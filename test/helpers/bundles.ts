import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generatorIdOf, jamIdOf, name, type BlobId, type JamId, type PlayerId } from '../../lib/base/index.ts'
import { BlobStore } from '../../lib/blobs/index.ts'
import { writeBundle, type Exported } from '../../lib/bundle/index.ts'
import type { Entry, Payload } from '../../lib/entry/index.ts'
import { nodeCrypto, type Identity } from '../../lib/keys/index.ts'
import { openHome, openHomeStore, type Home, type Store } from '../../lib/store/index.ts'
import { HandClock, collect, identityNamed, rawOf } from './chains.ts'
import { Teardown } from './hosts.ts'
import { removeFolder, temporaryFolder } from './stores.ts'

/** A home in a temporary folder, open. */
export interface OpenHome {
  readonly home: Home
  readonly identity: Identity
  readonly clock: HandClock
  readonly store: Store
  readonly blobs: BlobStore
}

/** Opens a home in this folder. The caller closes its store. */
export async function openHomeIn(folder: string, who: string, maxBytes?: number): Promise<OpenHome> {
  const home = openHome(folder)
  const identity = identityNamed(who)
  const clock = new HandClock()
  const parts = { crypto: nodeCrypto, clock, identity: identity.id, signer: identity.signer }
  const store = await openHomeStore(home, parts)
  const limit = maxBytes === undefined ? {} : { maxBytes }
  const blobs = await BlobStore.open({ folder: home.blobs, now: () => Date.now(), ...limit })
  return { home, identity, clock, store, blobs }
}

/** An empty home that is gone after the test. */
export async function emptyHome(down: Teardown, who: string, maxBytes?: number): Promise<OpenHome> {
  const folder = down.add(temporaryFolder(), removeFolder)
  const opened = await openHomeIn(folder, who, maxBytes)
  down.add(opened.store, (store) => store.close())
  return opened
}

/** Bytes that are the same in every run, and not those of another seed. */
export function bytesNamed(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0, state = seed; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

/** A jam that Ada started and Ben plays in, with everything of it in Ada's home. */
export interface TestJam {
  readonly ada: OpenHome
  readonly ben: PlayerId
  readonly jam: JamId
  readonly archives: { readonly drums: BlobId; readonly bass: BlobId }
  /** Entries that are not of the jam, of all that go along. */
  readonly others: number
}

export async function twoPlayerJam(down: Teardown, { notes = 2 } = {}): Promise<TestJam> {
  const ada = await emptyHome(down, 'ada')
  const ben = await emptyHome(down, 'ben')
  const jam = jamIdOf(ada.identity.id, name('friday'))
  // In the past of this machine's clock too, which the commands go by.
  ada.clock.now = ben.clock.now = 1_760_000_000_000_000
  const write = async ({ store, clock }: OpenHome, payload: Payload): Promise<Entry> => {
    clock.now += 1_000
    return store.append(payload)
  }
  const publish = async (who: OpenHome, generator: string, bytes: Uint8Array): Promise<BlobId> => {
    const { id, size } = await ada.blobs.add([bytes])
    await write(who, { type: 'generator', name: generator, archive: id, size, runtime: 'wasm' })
    return id
  }
  const play = (who: OpenHome, generator: string, archive: BlobId, at: number): Promise<Entry> => {
    const owned = generatorIdOf(who.identity.id, name(generator))
    const rest = { instance: generator, at, on: 'bar', length: 3840 }
    return write(who, { type: 'play', jam, generator: owned, archive, ...rest })
  }
  for (let n = 0; n < notes; n++) await write(ada, { type: 'public_note', text: `before the jam ${n}` })
  await write(ada, { type: 'jam', jam, action: 'start', tempo: 112, meter: '4/4', engine: 0 })
  await write(ada, { type: 'jam', jam, action: 'admit', identity: ben.identity.id })
  await write(ben, { type: 'identification', name: 'ben' })
  const drums = await publish(ada, 'drums', bytesNamed(1, 70_001))
  const bass = await publish(ben, 'bass', bytesNamed(2, 3_000))
  await publish(ben, 'unused', bytesNamed(3, 100))
  await play(ada, 'drums', drums, 0)
  await play(ben, 'bass', bass, 3840)
  await write(ben, { type: 'public_note', text: 'nice', jam })
  await write(ada, { type: 'tag', jam, name: 'context', value: 'drop', at: 0, on: 'bar' })
  await ada.store.ingest(ben.identity.id, rawOf(await collect(ben.store.read(ben.identity.id))))
  // Ada's notes; Ben's name and the generator that nobody plays.
  return { ada, ben: ben.identity.id, jam, archives: { drums, bass }, others: notes + 2 }
}

/** A jam's bundle in a file of its own. */
export async function exportedJam(
  down: Teardown,
  options?: { notes?: number },
): Promise<TestJam & { file: string; exported: Exported; folder: string }> {
  const made = await twoPlayerJam(down, options)
  const folder = down.add(temporaryFolder(), removeFolder)
  const file = join(folder, 'friday.jam')
  const { store, blobs } = made.ada
  const exported = await writeBundle({ store, blobs, what: { jam: made.jam }, file })
  return { ...made, folder, file, exported }
}

/** What a home holds, to be compared. */
export async function contentOf({ store, blobs }: OpenHome): Promise<{ heads: string[]; blobs: BlobId[] }> {
  const heads = (await collect(store.heads())).map(({ identity, key, count }) => `${identity} ${count} ${key}`)
  return { heads: heads.sort(), blobs: (await collect(blobs.list())).map(({ id }) => id) }
}
export const NOTHING = { heads: [], blobs: [] }

/** A copy of a file with some bytes changed. */
export function changed(file: string, to: string, change: (bytes: Buffer) => Uint8Array): string {
  writeFileSync(to, change(readFileSync(file)))
  return to
}
export const flipped = (bytes: Buffer, at: number): Buffer => {
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes
}
