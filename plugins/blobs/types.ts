import type { BlobId, PlayerId } from '../../lib/base/index.ts'
import type { BlobStore, WantOptions } from '../../lib/blobs/index.ts'
import type { Role } from '../../lib/host/index.ts'
import type { PinSource } from './keeper.ts'
import type { Reservation } from './room.ts'

/** Whether a peer may have a blob; undefined where the rule has no opinion. */
export type ServingRule = (peer: PlayerId, role: Role, blob: BlobId) => Promise<boolean | undefined>

/** Whether a blob that is not here is asked of others on behalf of a peer that is a stranger. */
export type RelayingRule = (peer: PlayerId, blob: BlobId) => Promise<boolean>

/** What other plugins reach of the blobs. */
export interface BlobsApi {
  readonly store: BlobStore
  /**
   * Resolves once the blob is in the store, whole: fetched from whoever has it within two links.
   * @throws what Blobs.want throws
   */
  want(blob: BlobId, options?: WantOptions): Promise<void>
  /**
   * Keeps room in the quota for so many bytes of a blob, after what nobody needs has gone, until it has come or the
   * reservation is released; undefined where there is none.
   */
  reserve(blob: BlobId, bytes: number): Promise<Reservation | undefined>
  /** Calls back when whoever was refused room may ask again; gives a function that stops it. */
  onRoom(listener: () => void): () => void
  /** Adds what is in use just now, and so neither collected nor removed; gives a function that takes it back. */
  addUses(uses: (blob: BlobId) => boolean): () => void
  /** Blobs are named that may not have been before: none of them goes in the collection that runs, of `anything` none at all. */
  named(blobs: () => Iterable<BlobId> | 'anything'): void
  /** Adds what must not be collected, asked for anew by each collection; gives a function that takes it back. */
  addPins(source: PinSource): () => void
  /**
   * Whether this peer may be served that blob, which is here: by the rules that were added, a refusal before a grant;
   * where none has an opinion, everyone but strangers may, who has to know its hash.
   */
  mayServe(peer: PlayerId, role: Role, blob: BlobId): Promise<boolean>
  /** Adds a rule; gives a function that takes it back. */
  addServing(rule: ServingRule): () => void
  /** Adds a rule by which the wants of strangers are passed on; gives a function that takes it back. */
  addRelaying(rule: RelayingRule): () => void
  /** The rules may say something else of this peer now: what it wants is looked at again. */
  servingChanged(peer: PlayerId): void
}
