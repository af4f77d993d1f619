import { isBlobId, MarmaladeError, type BlobId, type PlayerId } from '../../lib/base/index.ts'
import { typeOf, type Entry, type PayloadOf } from '../../lib/entry/index.ts'
import { definePlugin, need, type Handlers, type Plugin } from '../../lib/host/index.ts'
import type { BlobsApi } from '../blobs/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import { Ahead } from './ahead.ts'
import { Catalogue, generatorIn } from './catalogue.ts'
import { generatorsContract, MAX_ARCHIVE_BYTES, type GeneratorRow } from './contract.ts'
import { Offered } from './offered.ts'
import { Permits, trustedPlayers } from './permits.ts'
import { openArchiveFile, packGenerator, type Packed } from './publish.ts'
import { Shelf } from './shelf.ts'
import type { GeneratorsApi } from './types.ts'

const LIST_LIMIT = 100
/** What of a trusted player, or of one's own, may say that another archive may run, or one no more. */
const PERMITTING: ReadonlySet<string> = new Set(['generator', 'block', 'again'])

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
      const trusted = (): PlayerId[] => trustedPlayers({ self: feeds.identity.id, ...feeds })
      const permits = new Permits({
        file: init.allowedFile,
        store: feeds.store,
        trusted,
      })
      const ensure: GeneratorsApi['ensure'] = async (archive, { signal } = {}) => {
        if (!(await blobs.store.touch(archive)))
          await blobs.want(archive, { maxBytes: MAX_ARCHIVE_BYTES, ...(signal && { signal }) })
        return blobs.store.path(archive)
      }
      const shelf = new Shelf({
        folder: init.folder,
        store: blobs.store,
        fileNameOf: (player) => feeds.directory.fileNameOf(player),
        onFault: (error) => host.log.warn({ err: error }, 'a generator could not be put on the shelf'),
      })
      const newestOf = (player: PlayerId): Promise<GeneratorRow[]> => catalogue.list({ player, limit: LIST_LIMIT })
      const ahead = new Ahead({
        async fetch(player, archive) {
          const rows = (await newestOf(player)).filter((row) => row.archive === archive)
          // Its publisher says how large it is: nobody makes us take more, and none of it goes beyond the quota.
          const maxBytes = Math.min(MAX_ARCHIVE_BYTES, ...rows.map(({ size }) => size))
          const room = await blobs.reserve(archive, maxBytes)
          if (!room)
            throw new MarmaladeError('BLOB_QUOTA', `no room for ${archive} (${maxBytes} bytes): raise blobs.quota`)
          try {
            await blobs.want(archive, { maxBytes, signal: host.signal })
          } finally {
            room.release()
          }
          for (const row of rows) shelf.put(player, row.name, archive)
        },
        onFault: (archive, error) => host.log.info({ err: error, archive }, 'an archive could not be fetched ahead'),
      })
      const looked = new Set<PlayerId>()
      /** Not of those who merely ask to join: they are strangers. */
      const isFetched = (player: PlayerId): boolean =>
        feeds.tracked.has(player) && feeds.tracked.mostEntries(player) === Infinity
      /** Wants what players have published whose feeds are kept from now on, at the start that of all. */
      const lookAt = async (): Promise<void> => {
        for (const player of looked) {
          if (isFetched(player)) continue
          looked.delete(player)
          ahead.forget(player)
        }
        for (const player of feeds.tracked.list()) {
          if (looked.has(player) || !isFetched(player)) continue
          if (host.signal.aborted) return
          looked.add(player)
          for (const row of await newestOf(player)) if (!row.here) ahead.want(player, row.archive)
        }
      }
      const publishedListeners = new Set<(player: PlayerId) => void>()
      const offered = new Offered(feeds.store, feeds.identity.id)
      let folding: Promise<void> = Promise.resolve()
      const fold = (work: () => Promise<void>): void => {
        folding = folding
          .then(work)
          .catch((error: unknown) => host.log.warn({ err: error }, 'published generators could not be looked at'))
      }
      const published = async (entry: Entry): Promise<void> => {
        const payload = await generatorIn(feeds.store, entry)
        if (!payload) return
        const { name, archive } = payload
        if (await isHere(archive)) {
          shelf.put(entry.identity, name, archive)
          for (const listener of publishedListeners) listener(entry.identity)
        } else if (isFetched(entry.identity)) ahead.want(entry.identity, archive)
      }
      fold(() => offered.load())
      const undo = [
        feeds.store.onChange((change) =>
          fold(async () => {
            await offered.observe(change)
            for (const entry of change.entries) await published(entry)
          }),
        ),
        feeds.tracked.onChange(() => fold(lookAt)),
        feeds.trust.onChange(() => permits.changed()),
        feeds.onFolded(({ head, entries, changeover }) => {
          const permitted = changeover !== undefined || entries.some((entry) => PERMITTING.has(typeOf(entry)))
          if (permitted && trusted().includes(head.identity)) permits.changed()
        }),
        blobs.onRoom(() => ahead.tryRefused()),
        blobs.addServing(async (_peer, role, blob) => (role === 'stranger' && offered.has(blob) ? true : undefined)),
      ]
      await folding
      fold(lookAt)
      const api: GeneratorsApi = {
        resolve: (text) => catalogue.resolve(text),
        publishedBy: newestOf,
        paramsOf: (player, archive) => catalogue.paramsOf(player, archive),
        ensure,
        atHand: async (archive) => ((await isHere(archive)) ? blobs.store.path(archive) : undefined),
        mayRun: (archive) => permits.mayRun(archive),
        onPermits: (listener) => permits.onChange(listener),
        hold: (uses) => blobs.addUses(uses),
        onPublished: (listener) => {
          publishedListeners.add(listener)
          return () => publishedListeners.delete(listener)
        },
      }
      return {
        api,
        handlers: handlers({
          api,
          catalogue,
          feeds,
          blobs,
          permits,
          settled: () => folding,
        }),
        async stop() {
          for (const take of undo.reverse()) take()
          await folding
          await ahead.stop()
          await shelf.idle()
        },
      }
    },
  })
}

interface Parts {
  readonly api: GeneratorsApi
  readonly catalogue: Catalogue
  readonly feeds: FeedsApi
  readonly blobs: BlobsApi
  readonly permits: Permits
  /** Resolves when every change of the store so far is looked at. */
  readonly settled: () => Promise<void>
}

function handlers(parts: Parts): Handlers<typeof generatorsContract> {
  const { api, catalogue, feeds, blobs, permits } = parts
  return {
    generators: ({ limit = LIST_LIMIT, player }, { role }) => {
      // Whom the owner ignores is hidden from the owner alone, unless asked for.
      const hides = (other: PlayerId): boolean => role === 'self' && player === undefined && feeds.ignored.has(other)
      return catalogue.list({ limit, hides, ...(player && { player }) })
    },
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
        await parts.settled()
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
        return { file, mayRun: await permits.mayRun(archive) }
      },
      async allow({ archive: text, on = true }) {
        const archive = isBlobId(text) ? text : (await api.resolve(text)).archive
        await permits.allow(archive, on)
        return { archive, allowed: permits.allowed }
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
