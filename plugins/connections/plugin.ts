import { z } from 'zod'
import { timeoutAfter, type Clock, type PlayerId } from '../../lib/base/index.ts'
import { typeOf, type Entry } from '../../lib/entry/index.ts'
import {
  definePlugin,
  need,
  type Connection,
  type Handlers,
  type Plugin,
  type PluginHost,
} from '../../lib/host/index.ts'
import type { Published } from '../../lib/peers/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import { Book } from './book.ts'
import { connectionsContract, type ConnectionRow } from './contract.ts'
import { isOf, Keeper } from './keeper.ts'
import type { ConnectionsApi } from './types.ts'

const options = z.strictObject({
  /** Addresses that are dialled whenever the node runs. */
  peers: z.array(z.string().min(1).max(512)).max(256).default([]),
  /** Links that are dialled for. */
  links: z.int().min(0).max(48).default(24),
})

/** Of the links that are dialled for, those to players who are known from the local network alone. */
const HEARD_LINKS = 8
/** Players whose published addresses are looked at. */
const MAX_PUBLISHING = 1_024
/** How long a connection has to answer where its round trip is asked for. */
const PING_MILLIS = 2_000

interface Init {
  readonly clock: Clock
  /** Between 0 and 1: spreads out when nodes dial again. */
  readonly random: () => number
  /** Adds an address to the configuration's `peers`. */
  readonly keep: (address: string) => Promise<void>
  /** Where the addresses at which players were reached are kept. */
  readonly file: string
}

/** Links that are wanted: those asked for, those configured, those that players publish or tell, and those heard of here. */
export function connectionsPlugin(init: Init): Plugin<ConnectionsApi, typeof connectionsContract> {
  return definePlugin({
    name: 'connections',
    contract: connectionsContract,
    needs: { feeds: need<FeedsApi>('feeds') },
    options,
    async start(host, { feeds }, { peers, links }) {
      const book = new Book(init.file, host.log)
      const keeper = new Keeper({
        host,
        clock: init.clock,
        random: init.random,
        settings: { links, heard: HEARD_LINKS },
        onReached: (player, address) => {
          if (feeds.tracked.has(player)) book.add(player, address)
        },
      })
      for (const address of peers) keeper.learn(address, 'asked')
      const publish = (): void => keeper.publish(publishedBy(feeds))
      publish()
      await book.load()
      for (const [player, address] of book.entries()) {
        if (feeds.tracked.has(player)) keeper.reached(player, address)
      }
      const undo = [
        feeds.tracked.onChange(publish),
        feeds.onFolded(({ own, entries, changeover }) => {
          if (!own) keeper.noteNews()
          if (changeover !== undefined || entries.some(saysWhere)) publish()
        }),
      ]
      const api: ConnectionsApi = {
        want: (address) => keeper.learn(address, 'asked'),
        learn(player, address, how) {
          if (feeds.follows.blocks(player)) return
          if (how === 'told') keeper.told(player, address)
          else if (isOf(player, address)) keeper.learn(address, how)
        },
      }
      return {
        api,
        handlers: { connections: handlers({ host, feeds, keeper, keep: init.keep }) },
        ready: () => keeper.start(),
        async stop() {
          for (const take of undo) take()
          await keeper.stop()
          await book.done()
        },
      }
    },
  })
}

interface Parts extends Pick<Init, 'keep'> {
  readonly host: PluginHost
  readonly feeds: FeedsApi
  readonly keeper: Keeper
}

function handlers({ host, feeds, keeper, keep }: Parts): Handlers<typeof connectionsContract>['connections'] {
  const shown = (player: PlayerId): string => feeds.directory.shown(player)
  const row = async (connection: Connection): Promise<ConnectionRow> => ({
    player: connection.player,
    shown: shown(connection.player),
    direction: connection.direction,
    address: connection.address,
    role: await connection.role(),
    since: connection.since,
    bytesIn: connection.bytesIn,
    bytesOut: connection.bytesOut,
    ...(connection.roundTrip !== undefined && { roundTrip: connection.roundTrip }),
  })
  return {
    async connect({ address, keep: keeps = false }, { signal }) {
      const connection = await host.connect(address, { signal })
      keeper.learn(address, 'asked')
      if (keeps) await keep(address)
      return { player: connection.player, shown: shown(connection.player), address }
    },
    list: () => Promise.all(host.connections().map(row)),
    async peers() {
      const connected = host.connections().map(async (connection) => {
        // One that does not answer is shown as it last was; the keepalive sees to it.
        await connection.ping({ signal: timeoutAfter(PING_MILLIS) }).catch(() => undefined)
        return row(connection)
      })
      const waiting = keeper.waiting().map((waits) => ({ ...waits, shown: shown(waits.player) }))
      return { connected: await Promise.all(connected), waiting }
    },
  }
}

/** Where the players whom this node keeps up with say that they are: those one follows, then the others. */
function publishedBy({ directory, follows, identity, tracked }: FeedsApi): Map<PlayerId, Published> {
  const found = new Map<PlayerId, Published>()
  const add = (player: PlayerId, reason: Published['reason']): void => {
    if (found.size >= MAX_PUBLISHING || found.has(player) || player === identity.id || follows.blocks(player)) return
    const addresses = directory.identification(player).addresses ?? []
    if (addresses.length > 0) found.set(player, { addresses, reason })
  }
  for (const player of follows.followedBy(identity.id)) add(player, 'follows')
  for (const player of tracked.list()) add(player, 'tracked')
  return found
}

/** Types of payload that may change where players are, or which of them count. */
const WHERE: ReadonlySet<string> = new Set(['identification', 'follow', 'block'])

const saysWhere = (entry: Entry): boolean => WHERE.has(typeOf(entry))
