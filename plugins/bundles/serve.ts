import { MarmaladeError, hasCode, isPlayerId, isPlayerRef, ownedParts, type PlayerId } from '../../lib/base/index.ts'
import type { BlobStore } from '../../lib/blobs/index.ts'
import { importBundle, verifyHome, writeBundle, type BundleWhat } from '../../lib/bundle/index.ts'
import { Directory } from '../../lib/players/index.ts'
import type { Compacted, Store } from '../../lib/store/index.ts'
import { findJam, joinedJams } from '../jams/index.ts'
import type { CompactDone, ExportDone, FaultRow, ImportDone, StoreSizes, VerifyDone } from './contract.ts'
import { working } from './working.ts'

/** A home that is open: by a node, or by a command where no node runs. */
export interface Place {
  readonly store: Store
  readonly blobs: BlobStore
  readonly directory: Directory
  /** Whose home it is: names of jams mean those that it is in before others. */
  readonly identity: { readonly id: PlayerId }
}

/**
 * What text names: an identity, or a jam, or a player by name. A name that both have is the jam's.
 * @throws MarmaladeError JAM_UNKNOWN, JAM_AMBIGUOUS, PLAYER_UNKNOWN, PLAYER_AMBIGUOUS
 */
export async function findWhat(
  { store, directory, identity }: Omit<Place, 'blobs'>,
  text: string,
): Promise<BundleWhat> {
  if (isPlayerId(text) || isPlayerRef(text)) return { player: directory.resolve(text) }
  try {
    return { jam: await findJam({ store, directory }, text, await joinedJams(store, identity.id)) }
  } catch (error) {
    if (text.includes(':') || !hasCode(error, 'JAM_UNKNOWN')) throw error
    return { player: playerNamed(directory, text) }
  }
}

function playerNamed(directory: Directory, text: string): PlayerId {
  try {
    return directory.resolve(text)
  } catch (error) {
    if (!hasCode(error, 'PLAYER_UNKNOWN')) throw error
    throw new MarmaladeError(
      'JAM_UNKNOWN',
      `no jam and no player here is called ${text}: see \`jam list\` and \`feeds\``,
    )
  }
}

/** For people: `friday by ada`, or `ada`. */
function shownWhat(directory: Directory, what: BundleWhat): string {
  if ('all' in what) return 'all that is here'
  if ('player' in what) return directory.shown(what.player)
  const { owner, name } = ownedParts(what.jam)
  return `${name} by ${directory.shown(owner)}`
}

/** `bundle.export`. @throws what `findWhat` and `writeBundle` throw */
export async function* exporting(
  place: Place,
  args: { readonly what?: string | undefined; readonly file: string; readonly replace?: boolean | undefined },
  signal?: AbortSignal,
) {
  const { store, blobs, directory } = place
  const what = args.what === undefined ? ({ all: true } as const) : await findWhat(place, args.what)
  const { file, replace = false } = args
  const shown = (player: PlayerId): string => directory.shown(player)
  const done = yield* working(
    (options) => writeBundle({ store, blobs, what, file, replace, shown, ...options }),
    signal,
  )
  const { absent, lacking, ...rest } = done
  yield {
    kind: 'done',
    ...rest,
    shown: shownWhat(directory, what),
    absent: [...absent],
    lacking: [...lacking],
  } satisfies ExportDone
}

/** `bundle.import`. @throws what `importBundle` throws */
export async function* importing(place: Place, { file }: { readonly file: string }, signal?: AbortSignal) {
  const { store, blobs } = place
  const done = yield* working((options) => importBundle({ file, store, blobs, ...options }), signal)
  // What players say of themselves has only just come in.
  const directory = new Directory(store)
  await directory.load([])
  const apart = done.apart.map((feed) => ({ ...feed, shown: directory.shown(feed.identity) }))
  yield { kind: 'done', ...done, shown: shownWhat(directory, done.what), apart } satisfies ImportDone
}

/** `bundle.verify`. @throws MarmaladeError CANCELLED */
export async function* verifying(
  place: Place,
  { all = false }: { readonly all?: boolean | undefined },
  signal?: AbortSignal,
) {
  const { store, blobs, directory } = place
  const { faults, damaged, ...done } = yield* working(
    (options) => verifyHome({ store, blobs, all, ...options }),
    signal,
  )
  for (const fault of faults) {
    const who = fault.player === undefined ? {} : { shown: directory.shown(fault.player) }
    yield { kind: 'fault', ...fault, ...who } satisfies FaultRow
  }
  const whose = damaged.map((player) => ({
    player,
    shown: directory.shown(player),
    own: player === store.identity,
  }))
  yield { kind: 'done', ...done, damaged: whose, sizes: await sizesOf(place) } satisfies VerifyDone
}

/** `bundle.sizes`. */
export async function sizesOf({ store }: Pick<Place, 'store'>): Promise<StoreSizes> {
  const { bytes, ...counts } = await store.sizes()
  return { ...counts, ...(bytes ? { bytes: { ...bytes } } : {}) }
}

/** `bundle.compact`. @throws MarmaladeError CANCELLED, STORE_WRITE, STORE_CORRUPT */
export async function* compacting(place: Pick<Place, 'store'>, signal?: AbortSignal) {
  const before = await sizesOf(place)
  const chunks = yield* working<Compacted>(
    ({ onProgress, ...options }) =>
      place.store.compact({
        ...options,
        onProgress: (done, total) => onProgress({ stage: 'compacting', done, total }),
      }),
    signal,
  )
  yield { kind: 'done', before, after: await sizesOf(place), chunks: { ...chunks } } satisfies CompactDone
}
