import { createHash } from 'node:crypto'
import { MarmaladeError, blobIdOf } from '../base/index.ts'
import type { PlayerId } from '../base/index.ts'
import type { BlobStore } from '../blobs/index.ts'
import type { Head, Store } from '../store/index.ts'
import { assertWanted, feedUpTo } from './feed.ts'
import { LENGTH_BYTES, MANIFEST_PATH, blobPath, feedPath } from './layout.ts'
import { encodeManifest } from './manifest.ts'
import { planAll, planJam, planPlayer } from './plan.ts'
import type { Plan } from './plan.ts'
import type { BundleBlob, BundleOptions, BundleWhat, Exported } from './types.ts'
import { BundleFile } from './write.ts'

export interface ExportInit extends BundleOptions {
  readonly store: Store
  readonly blobs: BlobStore
  readonly what: BundleWhat
  /** Where the bundle goes. */
  readonly file: string
  /** Whether a file that is there already may be written over; not where left out. */
  readonly replace?: boolean
  /** How a player is called, for errors; by its identity where left out. */
  readonly shown?: (player: PlayerId) => string
}

/**
 * Writes a jam, a player's feed or all that is here to one file, with the blobs that belong to it. The same entries and blobs give the
 * same bytes. Nothing has the file's name before all of it is on disk.
 * @throws MarmaladeError JAM_UNKNOWN, JAM_TOO_LARGE, FORK_INCOMPLETE, GENERATOR_MISSING naming the archive and its publisher,
 * BUNDLE_EMPTY, BUNDLE_EXISTS, BUNDLE_CHANGED, BUNDLE_TOO_LARGE, BUNDLE_WRITE, BLOB_CORRUPT, CANCELLED
 */
export async function writeBundle(init: ExportInit): Promise<Exported> {
  const { what } = init
  const plan = await planned(init)
  const { manifest, said } = plan
  const file = await BundleFile.create(init.file, init.replace === true ? 'replace' : 'keep')
  try {
    await new Writing(init, plan, file).run()
    await file.finish()
  } catch (error) {
    await file.discard()
    throw error
  }
  return {
    file: init.file,
    bytes: file.size,
    what,
    feeds: manifest.heads.length,
    blobs: manifest.blobs.length,
    ...(manifest.score !== undefined && { score: manifest.score }),
    ...said,
  }
}

async function planned(init: ExportInit): Promise<Plan> {
  const { what } = init
  if ('jam' in what) return planJam(init, what.jam)
  return 'player' in what ? planPlayer(init, what.player) : planAll(init)
}

/** One bundle on its way to disk. */
class Writing {
  readonly #init: ExportInit
  readonly #plan: Plan
  readonly #file: BundleFile
  readonly #manifest: Uint8Array
  readonly #total: number
  #reported = 0

  constructor(init: ExportInit, plan: Plan, file: BundleFile) {
    this.#init = init
    this.#plan = plan
    this.#file = file
    this.#manifest = encodeManifest(plan.manifest)
    const sizes = [...plan.sizes, ...plan.manifest.blobs.map(({ size }) => size)]
    this.#total = sizes.reduce((sum, size) => sum + size, this.#manifest.length)
  }

  async run(): Promise<void> {
    const { manifest, sizes } = this.#plan
    await this.#file.begin(MANIFEST_PATH, this.#manifest.length)
    await this.#file.write(this.#manifest)
    await this.#file.fill()
    for (const [at, head] of manifest.heads.entries()) await this.#feed(head, sizes[at] ?? 0)
    for (const blob of manifest.blobs) await this.#blob(blob)
  }

  async #feed(head: Head, size: number): Promise<void> {
    await this.#file.begin(feedPath(head.identity), size)
    const begun = this.#file.size
    for await (const { bytes } of feedUpTo(this.#init.store, head, this.#init.signal)) {
      await this.#file.write(lengthOf(bytes))
      await this.#file.write(bytes)
      await this.#report()
    }
    if (this.#file.size - begun !== size)
      throw new MarmaladeError('BUNDLE_CHANGED', `${head.identity} has rewritten its feed: export again`)
    await this.#file.fill()
  }

  async #blob({ id, size }: BundleBlob): Promise<void> {
    await this.#file.begin(blobPath(id), size)
    const hash = createHash('sha256')
    for await (const bytes of this.#init.blobs.read(id)) {
      assertWanted(this.#init.signal)
      hash.update(bytes)
      await this.#file.write(bytes)
      await this.#report()
    }
    if (blobIdOf(hash.digest()) !== id)
      throw new MarmaladeError('BLOB_CORRUPT', `${id} is damaged on disk: remove its file, fetch it again, then export`)
    await this.#file.fill()
  }

  /** Every 256 KiB. */
  async #report(): Promise<void> {
    if (this.#file.size - this.#reported < 262_144) return
    this.#reported = this.#file.size
    const done = Math.min(this.#file.size, this.#total)
    await this.#init.onProgress?.({ stage: 'writing', done, total: this.#total })
  }
}

function lengthOf(bytes: Uint8Array): Uint8Array {
  const length = new Uint8Array(LENGTH_BYTES)
  new DataView(length.buffer).setUint32(0, bytes.length)
  return length
}
