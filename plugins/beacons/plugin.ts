import { z } from 'zod'
import type { Clock } from '../../lib/base/index.ts'
import { definePlugin, need, NETWORK_KEY, type Plugin } from '../../lib/host/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { networkTag } from '../../lib/peers/index.ts'
import type { ConnectionsApi } from '../connections/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import { Caller } from './caller.ts'

const options = z.strictObject({
  beacons: z.enum(['on', 'off']).default('on'),
  /** UDP port. */
  port: z.int().min(1).max(65_535).default(2468),
})

interface Init {
  readonly clock: Clock
  /** Between 0 and 1. */
  readonly random: () => number
  /** 32 bytes; the usual one where it is left out. */
  readonly networkKey?: Uint8Array
}

/** Finds nodes on the local network by signed beacons, and lets them find this one. */
export function beaconsPlugin({ clock, random, networkKey = NETWORK_KEY }: Init): Plugin<object> {
  return definePlugin({
    name: 'beacons',
    needs: { feeds: need<FeedsApi>('feeds'), connections: need<ConnectionsApi>('connections') },
    options,
    async start(host, { feeds, connections }, { beacons, port }) {
      let caller: Caller | undefined
      return {
        api: {},
        handlers: {},
        async ready() {
          const listening = host.listening()
          if (beacons === 'off' || !listening) return
          const { id: self, signer } = feeds.identity
          caller = new Caller({
            self,
            signer,
            crypto: nodeCrypto,
            clock,
            random,
            log: host.log,
            network: networkTag(networkKey, nodeCrypto),
            port,
            listening,
            onHeard: (player, address) => connections.learn(player, address, 'heard'),
          })
          await caller.start()
        },
        stop: () => caller?.stop(),
      }
    },
  })
}
