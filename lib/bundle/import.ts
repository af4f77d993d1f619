import { MarmaladeError } from '../base/index.ts'
import type { PlayerId } from '../base/index.ts'
import type { BlobStore } from '../blobs/index.ts'
import type { Head, Store } from '../store/index.ts'
import { checkBundle } from './check.ts'
import { assertWanted } from './feed.ts'
import { openBundle } from './read.ts'
import type { Bundle } from './read.ts'
import type { BundleOptions, FeedApart, Imported } from './types.ts'

const MAX_LISTED = 100

export interface ImportInit extends BundleOptions {
  readonly file: string
  readonly store: Store
  readonly blobs: BlobStore
}

/**
 * Takes a bundle into a home. All of it is checked before any of it is kept, and once more on its way in; what is here
 * already is passed over. Where it was interrupted, importing again goes on.
 * @throws MarmaladeError what `openBundle` and `checkBundle` throw; BLOB_TOO_LARGE, BLOB_WRITE, STORE_WRITE,
 * FEED_TOO_FORKED
 */
export async function importBundle(init: ImportInit): Promise<Imported> {
  const bundle = await openBundle(init.file)
  try {
    for (const { id, size } of bundle.manifest.blobs) {
      if (size <= init.blobs.maxBytes) continue
      const message = `${id} in the bundle has ${size} bytes, at most ${init.blobs.maxBytes} are taken: see blobs.maxBytes`
      throw new MarmaladeError('BLOB_TOO_LARGE', message)
    }
    const { unverified } = await checkBundle(bundle, init)
    return { ...(await new Importing(init, bundle).run()), unverified }
  } finally {
    await bundle.close()
  }
}

/**
 * Stores the blobs of a bundle that are not there yet, each hashed on its way.
 * @throws MarmaladeError BLOB_HASH_MISMATCH naming the blob, of which nothing is kept; BLOB_TOO_LARGE, BLOB_WRITE
 */
export async function copyBlobs(bundle: Bundle, blobs: BlobStore, options: BundleOptions = {}): Promise<number> {
  const total = bundle.manifest.blobs.length
  let added = 0
  for (const [done, { id }] of bundle.manifest.blobs.entries()) {
    assertWanted(options.signal)
    await options.onProgress?.({ stage: 'blobs', done, total })
    if (await blobs.has(id)) continue
    await blobs.add(bundle.blob(id), { expected: id })
    added++
  }
  return added
}

/** One checked bundle on its way into a home. */
class Importing {
  readonly #init: ImportInit
  readonly #bundle: Bundle
  readonly #total: number
  readonly #apart: FeedApart[] = []
  #done = 0
  #added = 0

  constructor(init: ImportInit, bundle: Bundle) {
    this.#init = init
    this.#bundle = bundle
    this.#total = bundle.manifest.heads.reduce((sum, { count }) => sum + count, 0)
  }

  /** Blobs first: a play that has arrived finds its archive. */
  async run(): Promise<Omit<Imported, 'unverified'>> {
    const { what, heads, blobs, score } = this.#bundle.manifest
    const blobsAdded = await copyBlobs(this.#bundle, this.#init.blobs, this.#init)
    for (const head of heads) await this.#feed(head)
    return {
      what,
      feeds: heads.length,
      entries: this.#total,
      added: this.#added,
      blobs: blobs.length,
      blobsAdded,
      ...(score !== undefined && { score }),
      apart: this.#apart.slice(0, MAX_LISTED),
    }
  }

  async #feed(head: Head): Promise<void> {
    const { store } = this.#init
    const before = (await store.head(head.identity))?.count ?? 0
    const due = await this.#ingest(head)
    const after = (await store.head(head.identity))?.count ?? 0
    this.#added += Math.max(0, after - before)
    if (due !== undefined) this.#apart.push({ identity: head.identity, outcome: 'ahead', due })
    else if (!(await store.has(head.identity, head))) this.#apart.push({ identity: head.identity, outcome: 'other' })
  }

  /** When the first entry that lies ahead of the clock may be taken, where there is one. */
  async #ingest(head: Head): Promise<number | undefined> {
    for await (const run of this.#bundle.runs(head)) {
      assertWanted(this.#init.signal)
      const result = await this.#init.store.ingest(head.identity, run, head)
      if (result.kind === 'held') return result.due
      if (result.kind === 'refused') throw refusedIn(head.identity, result)
      if (result.stop) throw refusedIn(head.identity, result.stop)
      this.#done += run.length
      await this.#init.onProgress?.({ stage: 'importing', done: this.#done, total: this.#total })
    }
    return undefined
  }
}

const refusedIn = (player: PlayerId, { code, message }: { code: MarmaladeError['code']; message: string }) =>
  new MarmaladeError(code, `the feed of ${player} was not taken: ${message}`)
