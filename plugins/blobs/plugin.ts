import type { BlobId, Clock, PlayerId } from '../../lib/base/index.ts'
import { Blobs } from '../../lib/blobs/index.ts'
import type { BlobStore } from '../../lib/blobs/index.ts'
import { definePlugin } from '../../lib/host/index.ts'
import type { Plugin, PluginHost, Role } from '../../lib/host/index.ts'
import { PeerLinks } from '../links.ts'
import { blobsContract } from './contract.ts'
import { Keeper } from './keeper.ts'
import { managing } from './managing.ts'
import type { BlobsApi, RelayingRule, ServingRule } from './types.ts'

interface Init {
  /** Opened by whoever starts the node. */
  readonly store: BlobStore
  readonly clock: Clock
  /** Bytes of blobs that may be here, unpinned ones included; 0, or left out, is no bound. */
  readonly quota?: number
}

/** Blobs travel: one link for each connection, opened by the side that dialled. */
export function blobsPlugin({ store, clock, quota = 0 }: Init): Plugin<BlobsApi, typeof blobsContract> {
  return definePlugin({
    name: 'blobs',
    contract: blobsContract,
    async start(host) {
      const rules = new Set<ServingRule>()
      const relaying = new Set<RelayingRule>()
      const uses = new Set<(blob: BlobId) => boolean>()
      const links = new PeerLinks({ host, clock, what: 'blobs', rules: RULES })
      const mayServe = (peer: PlayerId, role: Role, blob: BlobId) => judge(rules, store, peer, role, blob)
      const blobs = new Blobs({
        store,
        clock,
        mayServe: async (peer, blob) => mayServe(peer, await roleOf(host, peer), blob),
        mayRelay: async (peer, blob) => (await roleOf(host, peer)) !== 'stranger' || anyOf(relaying, peer, blob),
        onFault: (message, detail) => links.note(message, detail),
      })
      const keeper = new Keeper({
        store,
        quota,
        inUse: (blob) => blobs.inUse(blob) || [...uses].some((use) => use(blob)),
        onFault: (error) => host.log.warn({ err: error }, 'blobs over the quota could not be collected'),
      })
      const dialled = links.keep(async (connection) =>
        blobs.link(connection.player, connection.remote(blobsContract).blobs.link()),
      )
      return {
        api: {
          store,
          want: (blob, { maxBytes = store.maxBytes, ...options } = {}) =>
            blobs.want(blob, { ...options, maxBytes: Math.min(maxBytes, store.maxBytes) }),
          reserve: (blob, bytes) => keeper.reserve(blob, bytes),
          onRoom: (listener) => keeper.onRoom(listener),
          addPins: (source) => keeper.addPins(source),
          addUses(use) {
            uses.add(use)
            return () => uses.delete(use)
          },
          named: (names) => keeper.named(names),
          mayServe,
          addServing(rule) {
            rules.add(rule)
            return () => rules.delete(rule)
          },
          addRelaying(rule) {
            relaying.add(rule)
            return () => relaying.delete(rule)
          },
          servingChanged: (peer) => blobs.lookAgain(peer),
        },
        handlers: {
          blobs: {
            link: (_args, { connection }, duplex) =>
              links.serve(connection, () => blobs.link(connection.player, duplex)),
            ...managing({ store, keeper, blobs }),
          },
        },
        async stop() {
          dialled()
          await keeper.close()
          await blobs.close()
        },
      }
    },
  })
}

const roleOf = async (host: PluginHost, peer: PlayerId): Promise<Role> =>
  (await host.connectionTo(peer)?.role()) ?? 'stranger'

async function anyOf(rules: ReadonlySet<RelayingRule>, peer: PlayerId, blob: BlobId): Promise<boolean> {
  for (const rule of rules) if (await rule(peer, blob)) return true
  return false
}

async function judge(
  rules: ReadonlySet<ServingRule>,
  store: BlobStore,
  peer: PlayerId,
  role: Role,
  blob: BlobId,
): Promise<boolean> {
  if (!(await store.has(blob))) return false
  if (role === 'self') return true
  const opinions = await Promise.all([...rules].map((rule) => rule(peer, role, blob)))
  if (opinions.includes(false)) return false
  return opinions.includes(true) || role !== 'stranger'
}

/** Codes with which a link is ended whose other side cannot have meant well. */
const RULES: ReadonlySet<string> = new Set(['malformed', 'unasked', 'too-many'])
