import type { Clock, JamId, PlayerId } from '../../lib/base/index.ts'
import { definePlugin, need, type Plugin } from '../../lib/host/index.ts'
import type { BlobsApi } from '../blobs/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import type { JamsApi } from '../jams/index.ts'
import { interestContract } from './contract.ts'
import { LEASE_MILLIS, tellFor, type Told } from './core.ts'
import { Relay } from './relay.ts'
import { Teller } from './teller.ts'

/**
 * Interest in jams passes on two hops, leased, so that two members with a node between them that is in no jam of theirs
 * meet: peers tell each other the jams they are in, and the one between draws and serves the feeds of these, and passes
 * on the archives that they name.
 */
export function interestPlugin({ clock }: { readonly clock: Clock }): Plugin<object, typeof interestContract> {
  return definePlugin({
    name: 'interest',
    contract: interestContract,
    needs: { feeds: need<FeedsApi>('feeds'), blobs: need<BlobsApi>('blobs'), jams: need<JamsApi>('jams') },
    async start(host, { feeds, blobs, jams }) {
      const tellers = new Map<PlayerId, Teller>()
      const tell = (): void => {
        for (const teller of tellers.values()) teller.look()
      }
      const own = (): JamId[] => jamIds(jams)
      const servingChanged = (peer: PlayerId): void => {
        feeds.servingChanged(peer)
        blobs.servingChanged(peer)
      }
      const relay = new Relay({ feeds, clock, log: host.log, own, changed: tell, servingChanged })
      let joined = ''
      /** This node may have joined a jam, or left one. */
      const look = (): void => {
        const now = own().join()
        if (now === joined) return
        joined = now
        relay.look()
        tell()
      }
      const off = [
        blobs.addServing(async (peer, _role, blob) => ((await relay.mayPass(peer, blob)) ? true : undefined)),
        blobs.addRelaying((peer, blob) => relay.mayPass(peer, blob)),
        host.onConnection((connection) => {
          const { player } = connection
          tellers.get(player)?.stop()
          const told = (): Told[] => tellFor(player, own(), relay.granted)
          tellers.set(player, new Teller({ connection, log: host.log, told }))
        }),
        host.onDisconnect(({ player }) => {
          if (host.connectionTo(player)) return
          tellers.get(player)?.stop()
          tellers.delete(player)
          relay.forget(player)
        }),
        jams.onCurrent(look),
        jams.onChange(look),
      ]
      return {
        api: {},
        handlers: {
          interest: {
            tell: async ({ jams: told }, { caller }) => ({
              seconds: LEASE_MILLIS / 1_000,
              taken: await relay.tell(caller, told),
            }),
          },
        },
        async stop() {
          for (const stop of off) stop()
          for (const teller of tellers.values()) teller.stop()
          await relay.stop()
        },
      }
    },
  })
}

/** Newest first: of more than can be told the oldest are left out. */
const jamIds = (jams: JamsApi): JamId[] =>
  jams
    .joined()
    .map(({ jam }) => jam)
    .reverse()
