import { type BlobId, type Crypto, type JamId, type Name, type PlayerRef, concat, utf8 } from '../base/index.ts'

/** What makes one instance in one jam draw other numbers than the next. */
export interface SeedInput {
  readonly jam: JamId
  /** The author's public key in 43 characters of base64url. */
  readonly player: PlayerRef
  readonly archive: BlobId
  readonly instance: Name
}

/**
 * The two words that `mm_init` is given: the first 8 bytes of SHA-256 over `marmalade/1 seed`, jam, player, archive and
 * instance in UTF-8, joined by zero bytes, read as two little-endian signed words, low word first (ENGINE-1, section 4).
 */
export function seedOf(input: SeedInput, sha256: Crypto['sha256']): readonly [lo: number, hi: number] {
  const parts = ['marmalade/1 seed', input.jam, input.player, input.archive, input.instance]
  const hash = sha256(concat(parts.flatMap((part, n) => (n === 0 ? [utf8(part)] : [Uint8Array.of(0), utf8(part)]))))
  const view = new DataView(hash.buffer, hash.byteOffset, 8)
  return [view.getInt32(0, true), view.getInt32(4, true)]
}
