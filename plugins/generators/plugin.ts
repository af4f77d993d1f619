import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isBlobId, MarmaladeError, type BlobId, type PlayerId } from '../../lib/base/index.ts'
import type { PayloadOf } from '../../lib/entry/index.ts'
import { definePlugin, need, type Handlers, type Plugin } from '../../lib/host/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import type { BlobsApi } from '../blobs/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import { Ahead } from './ahead.ts'
import { Catalogue, generatorIn } from './catalogue.ts'
import { generatorsContract, MAX_ARCHIVE_BYTES } from './contract.ts'
import { openArchiveFile, packGenerator, type Packed } from './publish.ts'
import type { GeneratorsApi } from './types.ts'

const LIST_LIMIT = 100

interface Init {
  /** `<home>/generators`: links to archives, for people. */
  readonly folder: string
  /** The file that remembers which process archives may run. */
  readonly allowedFile: string
}

/** Publishing, listing and fetching generators; archives of tracked players are fetched ahead of being played. */
export function generatorsPlugin(init: Init): Plugin<GeneratorsApi, typeof generatorsContract> {
  return definePlugin({
    name: 'generators',
    contract: generatorsContract,
    needs: { feeds: need<FeedsApi>('feeds'), blobs: need<BlobsApi>('blobs') },
    async start(host, { feeds, blobs }) {
      const isHere = (archive: BlobId): Promise<boolean> => blobs.store.has(archive)
      const catalogue = new Catalogue({ feeds, isHere })
      const allowed = await readAllowed(init.allowedFile)
      const ensure: GeneratorsApi['ensure'] = async (archive, { signal } = {}) => {
        if (!(await isHere(archive)))
          await blobs.want(archive, { maxBytes: MAX_ARCHIVE_BYTES, ...(signal && { signal }) })
        return blobs.store.path(archive)
      }
      const ahead = new Ahead(async (archive) => {
        try {
          await ensure(archive, { signal: host.signal })
        } catch (error) {
          host.log.info({ err: error, archive }, 'an archive could not be fetched ahead')
        }
      })
      const published = async (player: PlayerId, payload: PayloadOf<'generator'>): Promise<void> => {
        if (feeds.tracked.has(player) && !(await isHere(payload.archive))) ahead.want(payload.archive)
        await linkArchive(init.folder, player, payload, blobs)
      }
      const unsubscribe = feeds.store.onChange(({ entries }) => {
        for (const entry of entries) {
          const payload = generatorIn(entry)
          if (!payload) continue
          published(entry.identity, payload).catch((error: unknown) =>
            host.log.warn({ err: error }, 'a generator could not be noted'),
          )
        }
      })
      const servable = blobs.addServing(async (_peer, role, blob) => {
        if (role !== 'stranger') return undefined
        return (await ownArchives(catalogue, feeds.identity.id)).has(blob) ? true : undefined
      })
      const api: GeneratorsApi = {
        resolve: (text) => catalogue.resolve(text),
        publishedBy: (player) => catalogue.list({ player, limit: LIST_LIMIT }),
        ensure,
        atHand: async (archive) => ((await isHere(archive)) ? blobs.store.path(archive) : undefined),
        allowed: (archive) => allowed.has(archive),
      }
      return {
        api,
        handlers: handlers({ api, catalogue, feeds, blobs, allowed, allowedFile: init.allowedFile }),
        async stop() {
          servable()
          unsubscribe()
          await ahead.stop()
        },
      }
    },
  })
}

const ownArchives = async (catalogue: Catalogue, own: PlayerId): Promise<Set<BlobId>> =>
  new Set((await catalogue.list({ player: own, limit: LIST_LIMIT })).map((row) => row.archive))

interface Parts {
  readonly api: GeneratorsApi
  readonly catalogue: Catalogue
  readonly feeds: FeedsApi
  readonly blobs: BlobsApi
  readonly allowed: Set<BlobId>
  readonly allowedFile: string
}

function handlers(parts: Parts): Handlers<typeof generatorsContract> {
  const { api, catalogue, feeds, blobs, allowed } = parts
  return {
    generators: ({ limit = LIST_LIMIT, player }) => catalogue.list({ limit, ...(player && { player }) }),
    async generator({ archive, offset = 0 }, { role, caller }) {
      if (!(await blobs.mayServe(caller, role, archive))) {
        throw new MarmaladeError('BLOB_UNKNOWN', `no archive ${archive} is offered here`)
      }
      return blobs.store.read(archive, { offset })
    },
    authoring: {
      async publish({ folder }) {
        const packed = await packGenerator(folder)
        const archive = await blobs.store.add([packed.archive])
        const payload = generatorPayload(packed, archive.id)
        const entry = await feeds.publish(payload)
        return catalogue.row(entry, payload)
      },
      async fetch({ generator }, { signal }) {
        const row = await api.resolve(generator)
        await api.ensure(row.archive, { signal })
        return { ...row, here: true }
      },
      async show({ generator }, { signal }) {
        const row = await api.resolve(generator)
        const { manifest, files } = await openArchiveFile(await api.ensure(row.archive, { signal }))
        return {
          row: { ...row, here: true },
          manifest,
          files: files.map(({ path, bytes }) => ({ path, size: bytes.length })),
        }
      },
      async locate({ archive }, { signal }) {
        const file = await api.ensure(archive, { signal })
        await blobs.store.verify(archive)
        return { file }
      },
      async allow({ archive }) {
        allowed.add(archive)
        await writeFile(`${parts.allowedFile}.new`, `${JSON.stringify([...allowed], null, 2)}\n`)
        await rename(`${parts.allowedFile}.new`, parts.allowedFile)
        return { allowed: [...allowed] }
      },
    },
  }
}

/** What the entry says of an archive, taken from the archive itself. */
function generatorPayload({ manifest, archive }: Packed, id: BlobId): PayloadOf<'generator'> {
  const { name, runtime, about, composer, track, params, tags } = manifest
  return {
    type: 'generator',
    name: name,
    archive: id,
    size: archive.length,
    runtime,
    description: {
      ...(about !== undefined && { about }),
      ...(composer !== undefined && { composer }),
      ...(track !== undefined && { track }),
      params: params.map(({ name, unit, min, max, default: preset }) => ({
        name: name,
        ...(unit !== undefined && { unit }),
        min,
        max,
        default: preset,
      })),
      tags: tags,
    },
  }
}

/** `generators/<short id>:<name>.tgz`: the newest archive of that name, as a hard link to its blob. */
async function linkArchive(
  folder: string,
  player: PlayerId,
  payload: PayloadOf<'generator'>,
  blobs: BlobsApi,
): Promise<void> {
  if (!(await blobs.store.has(payload.archive))) return
  await mkdir(folder, { recursive: true })
  // Both parts are checked: a short id has no `/`, a name only a-z 0-9 . _ - and no leading dot.
  const file = join(folder, `${shortIdOf(player)}:${payload.name}.tgz`)
  await rm(`${file}.new`, { force: true })
  await link(blobs.store.path(payload.archive), `${file}.new`)
  await rename(`${file}.new`, file)
}

async function readAllowed(file: string): Promise<Set<BlobId>> {
  try {
    const list: unknown = JSON.parse(await readFile(file, 'utf8'))
    return new Set(Array.isArray(list) ? list.filter(isBlobId) : [])
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Set()
    throw new MarmaladeError('CONFIG_INVALID', `${file} is no list of blob ids: mend it or remove it`, { cause: error })
  }
}
