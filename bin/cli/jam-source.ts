import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { MarmaladeError, type BlobId, type JamId, type PlayerId } from '../../lib/base/index.ts'
import { knownJams, findJam, jamsContract, joinedJams, LiveJam } from '../../plugins/jams/index.ts'
import { Trust } from '../../plugins/feeds/trust.ts'
import { generatorsContract, Permits, trustedPlayers } from '../../plugins/generators/index.ts'
import type { Payload } from '../../lib/entry/index.ts'
import type { JamEntry } from '../../lib/jam/index.ts'
import { openBundleSource } from './bundle-source.ts'
import type { Context } from './context.ts'
import { entriesOf } from './entries.ts'
import { openOffline, type Offline } from './offline.ts'

/** What a replay needs of a home: a jam's entries, each checked by its own signature, and archives. */
export interface JamSource {
  readonly jam: JamId
  readonly entries: readonly JamEntry[]
  /** The file of an archive that is here and whole. @throws BLOB_UNKNOWN, BLOB_CORRUPT */
  readonly archiveFile: (archive: BlobId) => Promise<string>
  /** Whether an archive may run as a process here. */
  readonly mayRun: (archive: BlobId) => Promise<boolean>
  /** A player's whole feed, oldest first; nothing where none is here. */
  readonly feed: (player: PlayerId) => AsyncIterable<JamEntry>
  close(): Promise<void>
}

/** From a bundle where a file of that name is there; from the node where one runs, which has the store open; else from the home. */
export async function openJamSource(context: Context, text: string | undefined): Promise<JamSource> {
  if (text?.endsWith('.jam') === true && existsSync(text)) return openBundleSource(resolve(text))
  const node = await context.nodeIfRunning(jamsContract)
  if (!node) return fromHome(context, text)
  const entries: JamEntry[] = []
  let jam: JamId | undefined
  for await (const item of node.jam.entries(text === undefined ? {} : { jam: text })) {
    jam = item.jam
    entries.push({
      identity: item.identity,
      key: item.key,
      comparable: item.comparable,
      payload: item.payload as Payload,
    })
  }
  if (jam === undefined) throw new MarmaladeError('JAM_UNKNOWN', 'that jam has no entries here')
  const generators = await context.node(generatorsContract)
  return {
    jam,
    entries,
    archiveFile: async (archive) => (await generators.authoring.locate({ archive })).file,
    mayRun: async (archive) => (await generators.authoring.locate({ archive })).mayRun,
    async *feed(identity) {
      for await (const { key, comparable, payload } of entriesOf(context, { player: identity }))
        yield { identity, key, comparable, payload: payload as Payload }
    },
    close: async () => undefined,
  }
}

async function fromHome(context: Context, text: string | undefined): Promise<JamSource> {
  const home = await openOffline(context)
  try {
    const jam = new LiveJam(await named(home, text), home.store)
    await jam.load()
    const permits = permitsOf(home)
    return {
      jam: jam.jam,
      entries: jam.entries(),
      archiveFile: async (archive) => {
        await home.blobs.verify(archive)
        return home.blobs.path(archive)
      },
      mayRun: (archive) => permits.mayRun(archive),
      feed: (player) => home.store.read(player),
      close: () => home.close(),
    }
  } catch (error) {
    await home.close()
    throw error
  }
}

/** What may run as the files of a home say. */
function permitsOf({ home, store, identity, follows }: Offline): Permits {
  const trust = new Trust(home.trusted)
  const trusted = (): PlayerId[] => trustedPlayers({ self: identity.id, trust, follows })
  return new Permits({ file: home.allowed, store, trusted })
}

async function named(home: Offline, text: string | undefined): Promise<JamId> {
  if (text !== undefined) return findJam(home, text, await joinedJams(home.store, home.identity.id))
  const [only, ...others] = await knownJams(home.store)
  if (only === undefined || others.length > 0) {
    throw new MarmaladeError(
      'JAM_NOT_NAMED',
      only === undefined ? 'no jam is here: start one, or `import` a file' : 'several jams are here: name one',
    )
  }
  return only
}
