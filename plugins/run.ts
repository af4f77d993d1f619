import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromBase64, MarmaladeError, type Clock } from '../lib/base/index.ts'
import { systemClock } from '../lib/base/node/clock.ts'
import { replaceFile } from '../lib/base/node/replace.ts'
import { BlobStore } from '../lib/blobs/index.ts'
import { Host, type Log } from '../lib/host/index.ts'
import { readPayload } from '../lib/entry/index.ts'
import { parseSink, usualSink } from '../lib/sink/index.ts'
import {
  CONFIG,
  openHome,
  openPlayerStore,
  readConfig,
  type Config,
  type Home,
  type Store,
} from '../lib/store/index.ts'
import { beaconsPlugin } from './beacons/index.ts'
import { blobsPlugin, keepingPlugin } from './blobs/index.ts'
import { bundlesPlugin } from './bundles/index.ts'
import { connectionsPlugin } from './connections/index.ts'
import { feedsPlugin } from './feeds/index.ts'
import { generatorsPlugin } from './generators/index.ts'
import { gossipPlugin } from './gossip/index.ts'
import { interestPlugin } from './interest/index.ts'
import { invitesPlugin } from './invites/index.ts'
import { jamsPlugin } from './jams/index.ts'
import { nodePlugin } from './node/index.ts'
import { playersPlugin } from './players/index.ts'
import { soundPlugin } from './sound/index.ts'
import { appVersion } from './version.ts'
import { watchPlugin } from './watch/index.ts'

export interface NodeInit {
  readonly home?: string
  /** As the user wrote it; what the configuration says, else the card where there is one, else `null`. */
  readonly sink?: string
  readonly port?: number
  readonly listenHost?: string
  /** The machine's own where it is left out. */
  readonly clock?: Clock
  /** From the level that the configuration asks for. */
  readonly log: (level: Config['log']) => Log
  /** Called when somebody asks over the socket to end the node. */
  readonly onShutdown: () => void
}

/** A running node. */
export interface Node {
  readonly home: Home
  readonly host: Host
  readonly sink: string
  /** Closes everything in reverse. Idempotent. */
  close(): Promise<void>
}

/**
 * Opens a home and runs a node on it: store, blobs, host and every plugin.
 * @throws MarmaladeError HOME_…, CONFIG_INVALID, KEYS_…, SINK_UNKNOWN, and what the host throws
 */
export async function runNode(init: NodeInit): Promise<Node> {
  const home = openHome(init.home)
  const config = readConfig(home, CONFIG)
  const log = init.log(config.log)
  const sink = init.sink ?? config.sink ?? usualSink()
  parseSink(sink)
  const { clock = systemClock } = init
  const { identity, store } = await openPlayerStore(home, {
    clock,
    onFault: (error) => log.error({ err: error }, 'a fault of the database: what was written stands'),
  })
  try {
    const blobs = await BlobStore.open({
      folder: home.blobs,
      now: () => Date.now(),
      maxBytes: config.blobs.maxBytes,
      links: home.generators,
    })
    const version = appVersion()
    const network = config.networkKey === undefined ? {} : { networkKey: fromBase64(config.networkKey) }
    const host = new Host({
      keys: { ...identity.keys, id: identity.id },
      log,
      listen: { host: init.listenHost ?? config.host, port: init.port ?? config.port },
      socketPath: home.socket,
      settings: { limits: config.limits },
      ...(config.address !== undefined && { publicAddresses: [config.address] }),
      ...network,
      config: {
        feeds: { hops: config.hops },
        jams: { admitFollowed: config.admitFollowed },
        connections: { peers: config.peers, links: config.links },
        beacons: { beacons: config.beacons, port: config.beaconPort },
      },
      plugins: [
        feedsPlugin({ store, identity, clock, trustFile: home.trusted }),
        gossipPlugin({ clock, file: join(home.path, 'gossip.json') }),
        blobsPlugin({ store: blobs, clock, quota: config.blobs.quota }),
        keepingPlugin({ takes: home.takes }),
        playersPlugin({ clock, folder: home.players }),
        connectionsPlugin({
          clock,
          random: Math.random,
          keep: peerKeeper(home),
          file: join(home.path, 'addresses.json'),
        }),
        beaconsPlugin({ clock, random: Math.random, ...network }),
        generatorsPlugin({ folder: home.generators, allowedFile: home.allowed }),
        jamsPlugin({ clock }),
        interestPlugin({ clock }),
        invitesPlugin({ clock, file: join(home.path, 'invites.json'), ...network }),
        soundPlugin({
          clock,
          sink,
          takes: home.takes,
          jams: home.jams,
          scenes: join(home.path, 'scenes.json'),
          appVersion: version,
        }),
        watchPlugin(),
        bundlesPlugin(),
        nodePlugin({ version, home: home.path, since: Date.now(), shutdown: init.onShutdown }),
      ],
    })
    if (config.name !== undefined) await introduce(store, config.name)
    await host.open()
    let closing: Promise<void> | undefined
    const close = (): Promise<void> => (closing ??= host.close().finally(() => store.close()))
    return { home, host, sink, close }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The name that the configuration gives is published once, where the feed has none. */
async function introduce(store: Store, name: string): Promise<void> {
  // What the feed really says comes with the answer of a peer.
  if (store.own.restored) return
  for await (const entry of store.byType('identification', { identity: store.identity })) {
    const read = readPayload(entry)
    if (read.kind === 'identification' && read.payload.name !== undefined) return
  }
  await store.append({ type: 'identification', name })
}

/** `keepPeer`, one after the other: each writes the whole file. */
function peerKeeper(home: Home): (address: string) => Promise<void> {
  let last: Promise<unknown> = Promise.resolve()
  return (address) => {
    const kept = last.then(() => keepPeer(home, address))
    last = kept.catch(() => undefined)
    return kept
  }
}

/** Adds an address to `peers` of config.json, whatever else it says. @throws MarmaladeError CONFIG_INVALID */
async function keepPeer(home: Home, address: string): Promise<void> {
  const { peers: kept } = readConfig(home, CONFIG)
  const config: unknown = existsSync(home.config) ? JSON.parse(await readFile(home.config, 'utf8')) : {}
  const peers = [...new Set([...kept, address])]
  if (peers.length > 256) throw new MarmaladeError('CONFIG_INVALID', 'config.json keeps 256 peers already: remove some')
  await replaceFile(home.config, `${JSON.stringify(Object.assign({}, config, { peers }), null, 2)}\n`, 0o666)
}
