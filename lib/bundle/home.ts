import { MarmaladeError } from '../base/index.ts'
import type { BlobId } from '../base/index.ts'
import type { BlobStore } from '../blobs/index.ts'
import type { Store } from '../store/index.ts'
import { assertWanted } from './feed.ts'
import type { BundleOptions, HomeFault, HomeVerified } from './types.ts'

const MAX_FAULTS = 1_000

export interface VerifyInit extends BundleOptions {
  readonly store: Store
  readonly blobs: BlobStore
  /** Also hash every blob anew. */
  readonly all?: boolean
}

/**
 * Checks what a home holds: each entry by its own signature, its chain and its indexes, and with `all` each blob by its
 * hash. Faults carry the codes of `Store.verifyAll`, and BLOB_CORRUPT.
 * @throws MarmaladeError CANCELLED
 */
export async function verifyHome(init: VerifyInit): Promise<HomeVerified> {
  const { store, signal } = init
  const checked = await store.verifyAll({
    onProgress: (done, total) => void init.onProgress?.({ stage: 'entries', done, total }),
    ...(signal && { signal }),
  })
  const faults: HomeFault[] = checked.faults.map(({ identity, ...fault }) => ({ player: identity, ...fault }))
  const found = init.all === true ? await verifyBlobs(init) : { blobs: 0, bad: 0, faults: [] }
  return {
    feeds: checked.feeds,
    entries: checked.entries,
    blobs: found.blobs,
    bad: checked.bad + found.bad,
    faults: [...faults, ...found.faults],
    damaged: checked.damaged,
  }
}

async function verifyBlobs({ blobs, signal, onProgress }: VerifyInit) {
  const faults: HomeFault[] = []
  let total = 0
  let done = 0
  let bad = 0
  let count = 0
  for await (const { size } of blobs.list()) total += size
  for await (const { id, size } of blobs.list()) {
    assertWanted(signal)
    const fault = await faultOf(blobs, id)
    if (fault && ++bad <= MAX_FAULTS) faults.push(fault)
    count++
    done += size
    await onProgress?.({ stage: 'blobs', done, total })
  }
  return { blobs: count, bad, faults }
}

async function faultOf(blobs: BlobStore, id: BlobId): Promise<HomeFault | undefined> {
  try {
    await blobs.verify(id)
    return undefined
  } catch (error) {
    if (!(error instanceof MarmaladeError))
      return {
        code: 'BLOB_CORRUPT',
        message: `${id} cannot be read: the disk fails, or its file is not yours`,
        blob: id,
      }
    // Collected since it was listed.
    if (error.code === 'BLOB_UNKNOWN') return undefined
    return { code: error.code, message: error.message, blob: id }
  }
}
