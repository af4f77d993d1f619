import type { BlobId, PlayerId } from '../../lib/base/index.ts'
import type { BlobStore, WantOptions } from '../../lib/blobs/index.ts'
import type { Role } from '../../lib/host/index.ts'

/** Whether a peer may have a blob; undefined where the rule has no opinion. */
export type ServingRule = (peer: PlayerId, role: Role, blob: BlobId) => Promise<boolean | undefined>

/** What other plugins reach of the blobs. */
export interface BlobsApi {
  readonly store: BlobStore
  /**
   * Resolves once the blob is in the store, whole: fetched from whoever has it within two links.
   * @throws what Blobs.want throws
   */
  want(blob: BlobId, options?: WantOptions): Promise<void>
  /**
   * Whether this peer may be served that blob, which is here: by the rules that were added, a refusal before a grant;
   * where none has an opinion, everyone but strangers may, who has to know its hash.
   */
  mayServe(peer: PlayerId, role: Role, blob: BlobId): Promise<boolean>
  /** Adds a rule; gives a function that takes it back. */
  addServing(rule: ServingRule): () => void
}
