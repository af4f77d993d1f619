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
import { BUNDLE_VERSIONS, MAX_BUNDLE_ITEMS, MAX_ITEM_BYTES, MAX_MANIFEST_BYTES, versionOf } from './types.ts'
import type { BundleVersion, BundleWhat, Manifest } from './types.ts'

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
/** What manifests of one version have in common. */
const common = <V extends BundleVersion>(version: V) => ({
  format: z.literal(FORMAT),
  version: z.literal(version),
  heads: z
    .array(head)
    .min(1)
    .max(MAX_BUNDLE_ITEMS[version])
    .refine((heads) => isGrowing(heads.map(({ identity }) => identity)), 'not in the order of public keys'),
  blobs: z
    .array(blob)
    .max(MAX_BUNDLE_ITEMS[version])
    .refine((blobs) => isGrowing(blobs.map(({ id }) => id)), 'not in the order of hashes'),
})
const SCHEMAS = {
  1: z.union([
    z.strictObject({
      ...common(1),
      what: z.strictObject({ jam: z.custom<JamId>(isJamId, 'not a jam') }),
      score: z.string().regex(/^[0-9a-f]{64}$/),
    }),
    z.strictObject({ ...common(1), what: z.strictObject({ player }) }),
  ]),
  2: z.strictObject({ ...common(2), what: z.strictObject({ all: z.literal(true) }) }),
}
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
      version: versionOf(what),
      what: plainWhat(what),
      heads: heads.map(({ identity, comparable, key, count }) => ({ identity, comparable, key, count })),
      blobs: blobs.map(({ id, size }) => ({ id, size })),
      ...(score === undefined ? {} : { score }),
    }),
  )
  const most = MAX_BUNDLE_ITEMS[versionOf(what)]
  if (heads.length <= most && blobs.length <= most) return bytes
  const message = `${heads.length} feeds and ${blobs.length} blobs: such a bundle holds at most ${most} of each`
  throw new MarmaladeError('BUNDLE_TOO_LARGE', message)
}

/** With its one key and nothing else. */
function plainWhat(what: BundleWhat): BundleWhat {
  if ('jam' in what) return { jam: what.jam }
  return 'player' in what ? { player: what.player } : { all: true }
}

/** @throws MarmaladeError BUNDLE_FOREIGN, BUNDLE_VERSION, BUNDLE_MANIFEST, BUNDLE_TOO_LARGE */
export function decodeManifest(bytes: Uint8Array): Manifest {
  assertManifestSize(bytes.length, startsAs2(bytes) ? 2 : 1)
  const json = parseJson(bytes)
  const known = outline.safeParse(json)
  if (!known.success) throw new MarmaladeError('BUNDLE_FOREIGN', 'its manifest is not that of a bundle')
  const version = BUNDLE_VERSIONS.find((one) => one === known.data.version)
  if (version === undefined) {
    const newest = Math.max(...BUNDLE_VERSIONS)
    const message = `it is a bundle of version ${known.data.version}, this program reads them up to ${newest}: update it`
    throw new MarmaladeError('BUNDLE_VERSION', message)
  }
  const read = SCHEMAS[version].safeParse(json)
  if (!read.success) throw invalid(read.error.issues[0]?.message ?? 'its shape is wrong')
  const { what, heads, blobs } = read.data
  const manifest: Manifest = { what, heads, blobs, ...('score' in read.data && { score: read.data.score }) }
  if (compareBytes(encodeManifest(manifest), bytes) !== 0) throw invalid('it is not written as bundles write it')
  return manifest
}

/** @throws MarmaladeError BUNDLE_TOO_LARGE */
export function assertManifestSize(bytes: number, version: BundleVersion = 2): void {
  const most = MAX_MANIFEST_BYTES[version]
  if (bytes <= most) return
  const message = `its manifest is said to have ${bytes} bytes, at most ${most} are taken`
  throw new MarmaladeError('BUNDLE_TOO_LARGE', message)
}

/** What a manifest of version 2 begins with: what begins otherwise has to be smaller. */
const BEGIN_2 = utf8(`{"format":"${FORMAT}","version":2,`)
const startsAs2 = (bytes: Uint8Array): boolean => compareBytes(bytes.subarray(0, BEGIN_2.length), BEGIN_2) === 0

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
