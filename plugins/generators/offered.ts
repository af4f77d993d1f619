import type { BlobId, PlayerId } from '../../lib/base/index.ts'
import type { Entry } from '../../lib/entry/index.ts'
import { believedIn, type Said } from '../../lib/players/index.ts'
import type { Change, Store } from '../../lib/store/index.ts'

const TYPES = ['identification', 'generator', 'image', 'collection'] as const
const SAYS: ReadonlySet<string> = new Set(TYPES)

/** The blobs that one's own feed names: what anybody may have (FEEDS section 6). */
export class Offered {
  readonly #store: Store
  readonly #own: PlayerId
  #blobs = new Set<BlobId>()

  constructor(store: Store, own: PlayerId) {
    this.#store = store
    this.#own = own
  }

  has(blob: BlobId): boolean {
    return this.#blobs.has(blob)
  }

  async load(): Promise<void> {
    const blobs = new Set<BlobId>()
    for (const type of TYPES) {
      for await (const entry of this.#store.byType(type, { identity: this.#own }))
        for (const blob of await this.#named(entry)) blobs.add(blob)
    }
    this.#blobs = blobs
  }

  /** Folds a change of the store in. */
  async observe({ head, entries, changeover }: Change): Promise<void> {
    if (head.identity !== this.#own) return
    if (changeover) await this.load()
    else for (const entry of entries) for (const blob of await this.#named(entry)) this.#blobs.add(blob)
  }

  async #named(entry: Entry): Promise<BlobId[]> {
    const believed = await believedIn(this.#store, entry, SAYS)
    return believed ? blobsIn(believed) : []
  }
}

function blobsIn({ read }: Said): BlobId[] {
  switch (read.kind) {
    case 'identification':
      return read.payload.image ? [read.payload.image] : []
    case 'generator':
      return [read.payload.archive]
    case 'image':
      return [read.payload.blob]
    case 'collection':
      return read.payload.blobs.map(({ blob }) => blob)
    default:
      return []
  }
}
