import { BlockList, isIPv6 } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'

/** Interfaces on which beacons are sent. */
const MAX_PLACES = 16

/** Where a beacon is sent: a broadcast address of IPv4, or the group of IPv6 on one interface. */
export interface Place {
  readonly family: 4 | 6
  readonly name: string
  readonly to: string
}

/** Link-local multicast, chosen by each user (RFC 4291, 2.7): `marm` in ASCII. */
export const GROUP = 'ff12::6d61:726d'

/**
 * The networks that a node which listens on `host` tells of itself: those of every interface but the loopback, or the one
 * that it listens on. A node on the loopback alone is nobody's neighbour.
 */
export function placesOf(host: string, interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): Place[] {
  const all = Object.entries(interfaces).flatMap(([name, found]) => (found ?? []).map((info) => ({ name, info })))
  const places = all.flatMap(({ name, info }): Place[] => {
    if (info.internal || !listensOn(host, info)) return []
    if (info.family === 'IPv4') {
      const to = broadcastOf(info.address, info.netmask)
      return to === undefined ? [] : [{ family: 4, name, to }]
    }
    return isLinkLocal(info.address) || host === info.address ? [{ family: 6, name, to: `${GROUP}%${name}` }] : []
  })
  const unique = new Map(places.map((place) => [`${place.name} ${place.to}`, place]))
  return [...unique.values()].slice(0, MAX_PLACES)
}

function listensOn(host: string, { family, address }: NetworkInterfaceInfo): boolean {
  if (host === '::') return true
  if (host === '0.0.0.0') return family === 'IPv4'
  return isIPv6(host) ? host.split('%')[0] === address : host === address
}

const isLinkLocal = (address: string): boolean => address.toLowerCase().startsWith('fe80:')

/**
 * Says whether an address is of a network that this machine is on. Whoever can send datagrams from afar, or under any address, must
 * not be able to say what this node dials.
 */
export function nearness(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): (from: string) => boolean {
  const near = new BlockList()
  near.addSubnet('fe80::', 10, 'ipv6')
  for (const { internal, address, cidr, family } of Object.values(interfaces).flatMap((found) => found ?? [])) {
    const bits = Number(cidr?.split('/')[1] ?? NaN)
    if (!internal && bits > 0) near.addSubnet(address, bits, family === 'IPv4' ? 'ipv4' : 'ipv6')
  }
  return (from) => {
    const bare = from.split('%')[0] ?? ''
    return near.check(bare, isIPv6(bare) ? 'ipv6' : 'ipv4')
  }
}

/** The address of all on a network; undefined where there is none, as on a link between two. */
export function broadcastOf(address: string, netmask: string): string | undefined {
  const mask = numberOf(netmask)
  if (mask === undefined || ~mask >>> 0 < 3) return undefined
  const host = numberOf(address)
  if (host === undefined) return undefined
  const all = (host | ~mask) >>> 0
  return [all >>> 24, (all >>> 16) & 255, (all >>> 8) & 255, all & 255].join('.')
}

function numberOf(text: string): number | undefined {
  const parts = text.split('.').map(Number)
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined
  return parts.reduce((sum, part) => ((sum << 8) | part) >>> 0, 0)
}
