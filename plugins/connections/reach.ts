import { BlockList, isIP, isIPv6 } from 'node:net'
import type { PlayerId } from '../../lib/base/index.ts'
import type { Connection } from '../../lib/host/index.ts'

/** From how far a host can be reached: this machine alone, a local network, or everywhere. */
export type Reach = 'machine' | 'local' | 'world'

/** Players remembered; the one that was linked longest ago goes. */
const MAX_PLAYERS = 1_024

const MACHINE = listOf(['0.0.0.0/8', '127.0.0.0/8', '::/127'])
/** RFC 1918, 3927, 6598, 4193, 4291; groups and what no host has are of no use from afar either. */
const LOCAL = listOf([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/3',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
])

/** How far the host of an address is. A name is taken for what it says: only `localhost`, and numbers in disguise, are near. */
export function reachOf(host: string): Reach {
  const bare = (host.split('%')[0] ?? '').replace(/\.$/, '').toLowerCase()
  if (isIP(bare) === 0) {
    const last = bare.split('.').at(-1) ?? ''
    // The resolver takes 127.1, 2130706433 and 0x7f000001 for addresses.
    if (last === 'localhost' || /^(\d+|0x[0-9a-f]*)$/.test(last)) return 'machine'
    return last === 'local' || !bare.includes('.') ? 'local' : 'world'
  }
  const family = isIPv6(bare) ? 'ipv6' : 'ipv4'
  if (MACHINE.check(bare, family)) return 'machine'
  return LOCAL.check(bare, family) ? 'local' : 'world'
}

function listOf(subnets: readonly string[]): BlockList {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [network = '', bits] = subnet.split('/')
    list.addSubnet(network, Number(bits), isIPv6(network) ? 'ipv6' : 'ipv4')
  }
  return list
}

const NEARNESS: readonly Reach[] = ['world', 'local', 'machine']

/**
 * How near players were when they were linked. Whoever is far must not be able to say what this node dials on its own machine
 * and in its own network.
 */
export class Nearness {
  readonly #nearest = new Map<PlayerId, Reach>()

  /** A link has come about, from or to that address. Whether its player is nearer than it was known to be. */
  linked({ player, address }: Pick<Connection, 'player' | 'address'>): boolean {
    return this.met(player, reachOf(hostOf(address)))
  }

  /** The same for an address at which a player was reached in an earlier run. */
  met(player: PlayerId, reach: Reach): boolean {
    const before = this.#nearest.get(player) ?? 'world'
    const isNearer = NEARNESS.indexOf(reach) > NEARNESS.indexOf(before)
    this.#nearest.delete(player)
    this.#nearest.set(player, isNearer ? reach : before)
    const [oldest] = this.#nearest.keys()
    if (this.#nearest.size > MAX_PLAYERS && oldest !== undefined) this.#nearest.delete(oldest)
    return isNearer
  }

  /** Whether a player may name that address as its own. */
  allows(player: PlayerId, address: string): boolean {
    return NEARNESS.indexOf(reachOf(hostOf(address))) <= NEARNESS.indexOf(this.#nearest.get(player) ?? 'world')
  }
}

/** The host of `net:host:port`, with or without a key; without brackets. */
const hostOf = (address: string): string =>
  (/^net:(.*):\d+(~.*)?$/.exec(address)?.[1] ?? '').replace(/^\[(.*)\]$/, '$1')
