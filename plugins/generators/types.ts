import type { BlobId, PlayerId } from '../../lib/base/index.ts'
import type { Params } from './catalogue.ts'
import type { GeneratorRow } from './contract.ts'

/** What other plugins reach of the generators. */
export interface GeneratorsApi {
  /** The newest generator that text names: `name` (one's own first), `player:name`. @throws GENERATOR_UNKNOWN, GENERATOR_AMBIGUOUS */
  resolve(text: string): Promise<GeneratorRow>
  /** Everything published by a player, newest first. */
  publishedBy(player: PlayerId): Promise<GeneratorRow[]>
  /** What a player's newest publication of an archive says of its parameters; undefined where it says nothing, or none is here. */
  paramsOf(player: PlayerId, archive: BlobId): Promise<Params | undefined>
  /** The file of an archive that is here and whole, fetched first where it is not. @throws BLOB_… */
  ensure(archive: BlobId, options?: { readonly signal?: AbortSignal }): Promise<string>
  /** The file of an archive where it is here already. */
  atHand(archive: BlobId): Promise<string | undefined>
  /** Keeps the archives of which `uses` says so from being collected; gives a function that takes it back. */
  hold(uses: (archive: BlobId) => boolean): () => void
  /** Whether an archive may run as a process here: it was allowed, or somebody whom the owner trusts published it. */
  mayRun(archive: BlobId): Promise<boolean>
  /** Calls when more, or fewer, may run; gives a function that takes it back. */
  onPermits(listener: () => void): () => void
  /** Calls with its player when a generator was published whose archive is here; gives a function that takes it back. */
  onPublished(listener: (player: PlayerId) => void): () => void
}
