import type { BlobId, Millis } from '../base/index.ts'
import { hexOf } from './files.ts'
import type { BlobFile } from './files.ts'
import { Marks } from './marks.ts'
import type { Pin } from './marks.ts'
import type { BlobStore } from './store.ts'

/** A blob with why it stays, whatever the quota: nothing, where it may go. */
export interface KeptBlob extends BlobFile {
  readonly pinned: readonly string[]
}

/** What one collection came to. */
export interface Collected {
  /** Blobs and bytes before. */
  readonly blobs: number
  readonly bytes: number
  /** The same of what is pinned. */
  readonly pinned: number
  readonly pinnedBytes: number
  /** Blobs and bytes that went, or would have. */
  readonly removed: number
  readonly removedBytes: number
  /** The first of them. */
  readonly ids: readonly BlobId[]
}

export interface CollectInit {
  readonly store: BlobStore
  /** What must stay, asked for anew by each collection. A blob may be named many times. */
  readonly pins: () => AsyncIterable<Pin>
  /** Whether it is being read, fetched or played just now, or named since the pins were read. */
  readonly inUse: (blob: BlobId) => boolean
  /** Milliseconds since 1970. */
  readonly now: () => Millis
}

export interface CollectOptions {
  /** Bytes that may stay, unpinned ones included; pinned ones stay in any case. 0 is no bound. */
  readonly quota: number
  /** Says what would go, and removes nothing. */
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
}

/** What was used so lately stays: it may be waiting for the entry that will name it, or about to sound. */
export const YOUNG: Millis = 10 * 60_000
/** Candidates held at once; where that is not enough, there is another round. */
const MAX_CANDIDATES = 10_000
const MAX_IDS = 1_000

/** Every blob in the order of the hashes, with why it stays. */
export async function* keptBlobs({ store, pins }: Pick<CollectInit, 'store' | 'pins'>): AsyncIterable<KeptBlob> {
  const marks = new Marks(await store.scratch())
  try {
    for await (const pin of pins()) await marks.add(pin)
    await marks.flush()
    let digits = ''
    let part: ReadonlyMap<string, readonly string[]> = new Map()
    for await (const file of store.list()) {
      const hash = hexOf(file.id)
      if (!hash.startsWith(digits) || digits === '') {
        digits = hash.slice(0, 2)
        part = await marks.part(digits)
      }
      const byHand = (await store.isKept(file.id)) ? ['by hand'] : []
      yield { ...file, pinned: [...byHand, ...(part.get(hash) ?? [])] }
    }
  } finally {
    await marks.remove()
  }
}

/** Removes unpinned blobs, used longest ago first, until what is here is within the quota. */
export async function collectBlobs(init: CollectInit, options: CollectOptions): Promise<Collected> {
  const { store, inUse, now } = init
  let seen = await survey(init)
  const before = seen
  const ids: BlobId[] = []
  let [removed, removedBytes] = [0, 0]
  const excess = (): number => (options.quota === 0 ? 0 : before.bytes - removedBytes - options.quota)
  for (;;) {
    const gone = removed
    for (const file of seen.candidates) {
      if (excess() <= 0 || options.signal?.aborted) break
      if (inUse(file.id) || file.usedAt > now() - YOUNG) continue
      if (options.dryRun !== true && !(await store.removeIdle(file, () => !inUse(file.id)))) continue
      removed++
      removedBytes += file.size
      if (ids.length < MAX_IDS) ids.push(file.id)
    }
    const again = seen.more && removed > gone && excess() > 0 && !options.dryRun && !options.signal?.aborted
    if (!again) break
    seen = await survey(init)
  }
  const { blobs, bytes, pinned, pinnedBytes } = before
  return { blobs, bytes, pinned, pinnedBytes, removed, removedBytes, ids }
}

interface Surveyed {
  readonly blobs: number
  readonly bytes: number
  readonly pinned: number
  readonly pinnedBytes: number
  /** Those used longest ago, oldest first. */
  readonly candidates: readonly BlobFile[]
  /** There are more than these. */
  readonly more: boolean
}

async function survey(init: CollectInit): Promise<Surveyed> {
  let candidates: BlobFile[] = []
  let more = false
  const sums = { blobs: 0, bytes: 0, pinned: 0, pinnedBytes: 0 }
  const oldest = (): void => {
    candidates.sort((a, b) => a.usedAt - b.usedAt)
    more ||= candidates.length > MAX_CANDIDATES
    candidates = candidates.slice(0, MAX_CANDIDATES)
  }
  for await (const { pinned, ...file } of keptBlobs(init)) {
    sums.blobs++
    sums.bytes += file.size
    if (pinned.length > 0) {
      sums.pinned++
      sums.pinnedBytes += file.size
    } else candidates.push(file)
    if (candidates.length >= 2 * MAX_CANDIDATES) oldest()
  }
  oldest()
  return { ...sums, candidates, more }
}
