import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'tape'
import { MarmaladeError, blobIdOf } from '../../lib/base/index.ts'
import type { BlobId, PlayerId } from '../../lib/base/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import { Ahead } from '../../plugins/generators/ahead.ts'
import { bytesOf } from '../helpers/blobs.ts'
import { identityNamed } from '../helpers/chains.ts'
import { e2e, meet } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'

const [ann, ben] = [identityNamed('ann').id, identityNamed('ben').id]
const blob = (seed: number): BlobId => blobIdOf(bytesOf(32, seed))

/** Fetches that end when they are told to. */
class Fetches {
  readonly started: BlobId[] = []
  readonly #ends = new Map<BlobId, { resolve: () => void; reject: (error: Error) => void }>()

  readonly fetch = (_player: PlayerId, archive: BlobId): Promise<void> => {
    this.started.push(archive)
    return new Promise((resolve, reject) => this.#ends.set(archive, { resolve, reject }))
  }
  async end(archive: BlobId, code?: 'BLOB_UNAVAILABLE' | 'BLOB_TOO_LARGE' | 'BLOB_QUOTA'): Promise<void> {
    const end = this.#ends.get(archive)
    if (code) end?.reject(new MarmaladeError(code, 'so the test says'))
    else end?.resolve()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('ahead: one player’s archives that nobody has keep no other player’s from coming', async (t) => {
  const fetches = new Fetches()
  const faults: BlobId[] = []
  const ahead = new Ahead({ fetch: fetches.fetch, onFault: (archive) => faults.push(archive) })
  for (let at = 0; at < 1_000; at++) ahead.want(ann, blob(at))
  t.equal(fetches.started.length, 8, 'so many of one at once')
  ahead.want(ben, blob(5_000))
  t.deepEqual(fetches.started.slice(8), [blob(5_000)], 'another has his turn')
  await fetches.end(blob(0), 'BLOB_UNAVAILABLE')
  t.equal(fetches.started.at(-1), blob(936), 'the oldest of too many wishes have gone')
  await fetches.end(blob(1), 'BLOB_TOO_LARGE')
  t.deepEqual(faults, [blob(0), blob(1)])
  for (let at = 936; at < 1_000; at++) await fetches.end(blob(at))
  await fetches.end(blob(2), 'BLOB_UNAVAILABLE')
  for (let at = 3; at < 8; at++) await fetches.end(blob(at))
  t.equal(fetches.started.filter((archive) => archive === blob(2)).length, 2, 'what nobody had is tried once more')
  t.equal(fetches.started.filter((archive) => archive === blob(1)).length, 1, 'what is too large is not')
  const stopped = ahead.stop()
  ahead.want(ben, blob(6_000))
  await fetches.end(blob(2))
  await fetches.end(blob(5_000))
  await stopped
  t.notOk(fetches.started.includes(blob(6_000)), 'stopped, nothing is begun')
})

test('ahead: what there was no room for is tried once more whenever there may be some, bounded, and no sooner', async (t) => {
  const fetches = new Fetches()
  const ahead = new Ahead({ fetch: fetches.fetch, onFault: () => undefined })
  for (let at = 0; at < 70; at++) {
    ahead.want(ann, blob(at))
    await fetches.end(blob(at), 'BLOB_QUOTA')
  }
  t.equal(fetches.started.length, 70, 'not by itself')
  ahead.tryRefused()
  const again = (): BlobId[] => fetches.started.slice(70)
  for (let at = 0; at < 70; at++) await fetches.end(blob(at))
  t.deepEqual(
    again(),
    Array.from({ length: 64 }, (_, at) => blob(at)),
    'so many of one player',
  )
  ahead.tryRefused()
  t.equal(again().length, 64, 'each once')
  ahead.want(ann, blob(100))
  await fetches.end(blob(100), 'BLOB_QUOTA')
  ahead.forget(ann)
  ahead.tryRefused()
  t.equal(again().length, 65, 'none of a player that was forgotten')
  await ahead.stop()
})

e2e('archives that could not come in one run are fetched in the next, and put on the shelf', async (t, kit) => {
  const [ada, ben] = [await kit.node(), await kit.node()]
  const { archive } = await ben.publish('bass')
  await ada.feeds.store.ingest(ben.id, await bytesOfFeed(ben))
  await ada.follow(ben)
  t.notOk(await ada.blobs.store.has(archive), 'the feed came by hand, without the archive')
  await ada.node.close()
  const again = await kit.node({ home: ada.node.home.path })
  await again.dial(ben)
  await until('the archive is here', () => again.blobs.store.has(archive))
  const file = join(again.node.home.generators, `${shortIdOf(ben.id)}:bass.tgz`)
  const bytes = await until('it lies on the shelf', () => readFile(file).catch(() => undefined))
  t.deepEqual(bytes, await readFile(ben.blobs.store.path(archive)))
})

async function bytesOfFeed(node: Parameters<typeof meet>[0]): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const entry of node.feeds.store.read(node.id)) all.push(entry.bytes)
  return all
}
