import { isAbsolute } from 'node:path'
import { MarmaladeError, type BlobId } from '../../lib/base/index.ts'
import type { Blobs, BlobStore } from '../../lib/blobs/index.ts'
import type { Handlers } from '../../lib/host/index.ts'
import type { blobsContract } from './contract.ts'
import type { Keeper } from './keeper.ts'

type Managing = Omit<Handlers<typeof blobsContract>['blobs'], 'link'>

interface Parts {
  readonly store: BlobStore
  readonly keeper: Keeper
  readonly blobs: Blobs
}

/** What the owner asks for of the blobs that are here. */
export function managing({ store, keeper, blobs }: Parts): Managing {
  return {
    list: () => rows(keeper),
    verify: ({ blob }) => verified(store, blob),
    fetch: ({ blob, maxBytes }, { signal }) => fetching({ store, blobs }, blob, { maxBytes, signal }),
    add: ({ file }) => addFile(store, file),
    async pin({ blob }) {
      await store.keep(blob)
      return { blob }
    },
    async unpin({ blob }) {
      await store.unkeep(blob)
      return { blob }
    },
    remove: async ({ blob }) => ({ blob, size: await keeper.remove(blob) }),
    collect: async ({ dryRun }) => ({
      ...plain(await keeper.collect({ dryRun: dryRun === true })),
      quota: keeper.quota,
    }),
    usage: () => keeper.usage(),
  }
}

const plain = <T extends { readonly ids: readonly BlobId[] }>(collected: T): T & { ids: BlobId[] } => ({
  ...collected,
  ids: [...collected.ids],
})

/** Every blob as the owner is told of it. */
export async function* rows(keeper: Keeper) {
  for await (const { id, size, usedAt, pinned } of keeper.list()) yield { blob: id, size, usedAt, pinned: [...pinned] }
}

/** Makes a file a blob that is kept by hand. @throws BLOB_FILE, BLOB_TOO_LARGE, BLOB_WRITE */
export async function addFile(store: BlobStore, file: string): Promise<{ blob: BlobId; size: number }> {
  if (!isAbsolute(file)) throw new MarmaladeError('BLOB_FILE', `${file}: give the whole path`)
  try {
    const { id, size } = await store.addFile(file)
    await store.keep(id)
    return { blob: id, size }
  } catch (cause) {
    if (cause instanceof MarmaladeError) throw cause
    throw new MarmaladeError('BLOB_FILE', `${file} cannot be read: see that it is there and yours`, { cause })
  }
}

async function* verified(store: BlobStore, only: BlobId | undefined) {
  if (only !== undefined) {
    await store.verify(only)
    yield { blob: only, size: (await store.size(only)) ?? 0 }
    return
  }
  for await (const { id, size } of store.list()) {
    await store.verify(id)
    yield { blob: id, size }
  }
}

type Fetching =
  { kind: 'progress'; done: number; total: number } | { kind: 'here'; blob: BlobId; size: number; file: string }

/** Tells how far it is whenever it is asked, only the latest. */
async function* fetching(
  { store, blobs }: Pick<Parts, 'store' | 'blobs'>,
  blob: BlobId,
  { maxBytes, signal }: { maxBytes: number | undefined; signal: AbortSignal },
): AsyncIterable<Fetching> {
  let latest: Fetching | undefined
  let wake: () => void = () => undefined
  const state: { settled: boolean; error?: unknown } = { settled: false }
  const wanted = blobs.want(blob, {
    ...(maxBytes !== undefined && { maxBytes }),
    signal,
    onProgress: (done, total) => {
      latest = { kind: 'progress', done, total }
      wake()
    },
  })
  const settle = (error?: unknown): void => {
    Object.assign(state, { settled: true, error })
    wake()
  }
  wanted.then(() => settle(), settle)
  while (!state.settled) {
    if (!latest) await new Promise<void>((resolve) => (wake = resolve))
    if (latest) yield latest
    latest = undefined
  }
  await wanted
  yield { kind: 'here', blob, size: (await store.size(blob)) ?? 0, file: store.path(blob) }
}
