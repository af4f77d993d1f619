import { readFileSync } from 'node:fs'
import type { ErrorCode } from '../../lib/base/index.ts'
import type { EntryFields } from '../../lib/entry/index.ts'

/** An entry that any implementation accepts. */
export interface ValidVector {
  readonly name: string
  readonly bytes: string
  readonly key: string
  readonly fields: EntryFields
}
/** Bytes, or a payload, that any implementation refuses with this code. */
export interface RefusedVector {
  readonly name: string
  readonly code: ErrorCode
  readonly bytes: string
}
/** A signature, whether it verifies, and what two other verifiers said when the vectors were made. */
export interface SignatureVector {
  readonly name: string
  readonly verifies: boolean
  readonly openssl: boolean
  readonly tweetnacl: boolean
  readonly bytes: string
}
export interface BoxVector {
  readonly seeds: { readonly ada: string; readonly ben: string }
  readonly content: { readonly type: string; readonly [key: string]: unknown }
  readonly forBen: string
  readonly forSeven: string
}
export interface ShortIdVector {
  readonly shortId: string
  readonly identities: readonly string[]
}
interface Vectors {
  readonly 'valid.json': readonly ValidVector[]
  readonly 'hostile.json': readonly RefusedVector[]
  readonly 'payloads.json': readonly RefusedVector[]
  readonly 'signatures.json': readonly SignatureVector[]
  readonly 'box.json': BoxVector
  readonly 'short-ids.json': ShortIdVector
}

/** A file of fixtures/entries; the folder is found from the source as from the built tests. */
export function vectors<F extends keyof Vectors>(file: F): Vectors[F] {
  return JSON.parse(readFileSync(new URL(`fixtures/entries/${file}`, projectRoot()), 'utf8')) as Vectors[F]
}

export const bytesOf = (vector: { readonly bytes: string }): Uint8Array =>
  new Uint8Array(Buffer.from(vector.bytes, 'base64'))

/** The folder with package.json, whether this file runs from test/ or from dist/test/. */
export function projectRoot(): URL {
  const built = import.meta.url.includes('/dist/test/')
  return new URL(built ? '../../../' : '../../', import.meta.url)
}
