import { MarmaladeError } from './errors.ts'
import { base64, base64url, fromBase64, fromBase64url } from './bytes.ts'

declare const brand: unique symbol
type Brand<T, B extends string> = T & { readonly [brand]: B }

/** One identity: `@<base64 of the raw 32-byte Ed25519 public key>.ed25519`. */
export type PlayerId = Brand<string, 'PlayerId'>
/** The same public key in 43 characters of base64url: how a player is written in score, state, take and seeds. */
export type PlayerRef = Brand<string, 'PlayerRef'>
/** `%<base64 SHA-256 of an entry's bytes, signature included>.sha256`. */
export type EntryKey = Brand<string, 'EntryKey'>
/** `&<base64 SHA-256 of the blob's bytes>.sha256`. */
export type BlobId = Brand<string, 'BlobId'>
/** `<identity of the starter>:<name>`. */
export type JamId = Brand<string, 'JamId'>
/** `<identity of the publisher>:<name>`. */
export type GeneratorId = Brand<string, 'GeneratorId'>
/** Name of a jam, generator, instance or tag: 1 to 64 of `a-z0-9._-`, starting with a letter or digit. */
export type Name = Brand<string, 'Name'>

const B64_32 = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/
const REF = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/

/** Whether `text` is a sigil, 32 bytes of canonical base64 and the suffix. */
function isHashId(text: unknown, sigil: string, suffix: string): text is string {
  return (
    typeof text === 'string' &&
    text.startsWith(sigil) &&
    text.endsWith(suffix) &&
    B64_32.test(text.slice(1, -suffix.length))
  )
}

export const isPlayerId = (text: unknown): text is PlayerId => isHashId(text, '@', '.ed25519')
export const isEntryKey = (text: unknown): text is EntryKey => isHashId(text, '%', '.sha256')
export const isBlobId = (text: unknown): text is BlobId => isHashId(text, '&', '.sha256')
export const isPlayerRef = (text: unknown): text is PlayerRef => typeof text === 'string' && REF.test(text)
export const isName = (text: unknown): text is Name => typeof text === 'string' && NAME.test(text)

/** The raw 32 bytes behind a player id, entry key or blob id. */
export function rawId(id: PlayerId | EntryKey | BlobId): Uint8Array {
  return fromBase64(id.slice(1, 45))
}
export const playerIdOf = (publicKey: Uint8Array): PlayerId => `@${base64(publicKey)}.ed25519` as PlayerId
export const entryKeyOf = (hash: Uint8Array): EntryKey => `%${base64(hash)}.sha256` as EntryKey
export const blobIdOf = (hash: Uint8Array): BlobId => `&${base64(hash)}.sha256` as BlobId
export const refOf = (id: PlayerId): PlayerRef => base64url(rawId(id)) as PlayerRef
export const playerOfRef = (ref: PlayerRef): PlayerId => playerIdOf(fromBase64url(ref))

/** A name that has been checked. @throws MarmaladeError NAME_INVALID */
export function name(text: string): Name {
  if (!isName(text)) {
    throw new MarmaladeError(
      'NAME_INVALID',
      `${JSON.stringify(text)} is no name: use 1 to 64 of a-z 0-9 . _ - starting with a letter or digit`,
    )
  }
  return text
}

/** `<identity>:<name>` taken apart, or undefined where it is none. */
export function splitOwned(text: unknown): { owner: PlayerId; name: Name } | undefined {
  if (typeof text !== 'string') return undefined
  const colon = text.indexOf(':')
  const owner = text.slice(0, colon)
  const rest = text.slice(colon + 1)
  return colon > 0 && isPlayerId(owner) && isName(rest) ? { owner, name: rest } : undefined
}
export const isJamId = (text: unknown): text is JamId => splitOwned(text) !== undefined
export const isGeneratorId = (text: unknown): text is GeneratorId => splitOwned(text) !== undefined
export const jamIdOf = (starter: PlayerId, jam: Name): JamId => `${starter}:${jam}` as JamId
export const generatorIdOf = (owner: PlayerId, generator: Name): GeneratorId => `${owner}:${generator}` as GeneratorId

/** Starter and name of a jam, or owner and name of a generator. The id has been checked before. */
export function ownedParts(id: JamId | GeneratorId): { owner: PlayerId; name: Name } {
  const parts = splitOwned(id)
  if (!parts) throw new MarmaladeError('ID_INVALID', `${id} is not <identity>:<name>`)
  return parts
}
