import { z } from 'zod'
import {
  MarmaladeError,
  compareBytes,
  fromUtf8Strict,
  isBlobId,
  isEntryKey,
  isJamId,
  isPlayerId,
  rawId,
  utf8,
} from '../base/index.ts'
import type { BlobId, EntryKey, JamId, PlayerId } from '../base/index.ts'
import { BUNDLE_VERSION, MAX_BUNDLE_ITEMS, MAX_ITEM_BYTES, MAX_MANIFEST_BYTES } from './types.ts'
import type { Manifest } from './types.ts'

const FORMAT = 'marmalade bundle'

const player = z.custom<PlayerId>(isPlayerId, 'not an identity')
const head = z.strictObject({
  identity: player,
  comparable: z.int().min(1),
  key: z.custom<EntryKey>(isEntryKey, 'not an entry key'),
  count: z.int().min(1),
})
const blob = z.strictObject({
  id: z.custom<BlobId>(isBlobId, 'not a blob id'),
  size: z.int().min(0).max(MAX_ITEM_BYTES),
})
const common = {
  format: z.literal(FORMAT),
  version: z.literal(BUNDLE_VERSION),
  heads: z
    .array(head)
    .min(1)
    .max(MAX_BUNDLE_ITEMS)
    .refine((heads) => isGrowing(heads.map(({ identity }) => identity)), 'not in the order of public keys'),
  blobs: z
    .array(blob)
    .max(MAX_BUNDLE_ITEMS)
    .refine((blobs) => isGrowing(blobs.map(({ id }) => id)), 'not in the order of hashes'),
}
const schema = z.union([
  z.strictObject({
    ...common,
    what: z.strictObject({ jam: z.custom<JamId>(isJamId, 'not a jam') }),
    score: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  z.strictObject({ ...common, what: z.strictObject({ player }) }),
])
const outline = z.object({ format: z.literal(FORMAT), version: z.int() })

function isGrowing(ids: readonly (PlayerId | BlobId)[]): boolean {
  const raw = ids.map(rawId)
  return raw.every((id, at) => at === 0 || compareBytes(raw[at - 1] ?? id, id) < 0)
}

/** The bytes of a manifest: one for each. @throws MarmaladeError BUNDLE_TOO_LARGE */
export function encodeManifest({ what, heads, blobs, score }: Manifest): Uint8Array {
  const bytes = utf8(
    JSON.stringify({
      format: FORMAT,
      version: BUNDLE_VERSION,
      what: 'jam' in what ? { jam: what.jam } : { player: what.player },
      heads: heads.map(({ identity, comparable, key, count }) => ({ identity, comparable, key, count })),
      blobs: blobs.map(({ id, size }) => ({ id, size })),
      ...(score === undefined ? {} : { score }),
    }),
  )
  if (heads.length <= MAX_BUNDLE_ITEMS && blobs.length <= MAX_BUNDLE_ITEMS) return bytes
  const message = `${heads.length} feeds and ${blobs.length} blobs: a bundle holds at most ${MAX_BUNDLE_ITEMS} of each`
  throw new MarmaladeError('BUNDLE_TOO_LARGE', message)
}

/** @throws MarmaladeError BUNDLE_FOREIGN, BUNDLE_VERSION, BUNDLE_MANIFEST, BUNDLE_TOO_LARGE */
export function decodeManifest(bytes: Uint8Array): Manifest {
  assertManifestSize(bytes.length)
  const json = parseJson(bytes)
  const known = outline.safeParse(json)
  if (!known.success) throw new MarmaladeError('BUNDLE_FOREIGN', 'its manifest is not that of a bundle')
  const { version } = known.data
  if (version !== BUNDLE_VERSION) {
    const message = `it is a bundle of version ${version}, this program reads version ${BUNDLE_VERSION}: update it`
    throw new MarmaladeError('BUNDLE_VERSION', message)
  }
  const read = schema.safeParse(json)
  if (!read.success) throw invalid(read.error.issues[0]?.message ?? 'its shape is wrong')
  const { what, heads, blobs } = read.data
  const manifest: Manifest = { what, heads, blobs, ...('score' in read.data && { score: read.data.score }) }
  if (compareBytes(encodeManifest(manifest), bytes) !== 0) throw invalid('it is not written as bundles write it')
  return manifest
}

export function assertManifestSize(bytes: number): void {
  if (bytes <= MAX_MANIFEST_BYTES) return
  const message = `its manifest is said to have ${bytes} bytes, at most ${MAX_MANIFEST_BYTES} are taken`
  throw new MarmaladeError('BUNDLE_TOO_LARGE', message)
}

function parseJson(bytes: Uint8Array): unknown {
  const text = fromUtf8Strict(bytes)
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown)
  } catch {
    return undefined
  }
}

const invalid = (why: string): MarmaladeError =>
  new MarmaladeError('BUNDLE_MANIFEST', `the manifest of the bundle cannot be used: ${why}; export it again`)
