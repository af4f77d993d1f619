import type { NetworkInterfaceInfo } from 'node:os'
import test from 'tape'
import { broadcastOf, GROUP, nearness, placesOf } from '../../../plugins/beacons/places.ts'

const v4 = (address: string, netmask: string, internal = false): NetworkInterfaceInfo => ({
  family: 'IPv4',
  address,
  netmask,
  internal,
  mac: '',
  cidr: null,
})
const v6 = (address: string, internal = false): NetworkInterfaceInfo => ({
  family: 'IPv6',
  address,
  netmask: '',
  internal,
  mac: '',
  cidr: null,
  scopeid: 0,
})

const INTERFACES = {
  lo: [v4('127.0.0.1', '255.0.0.0', true), v6('::1', true)],
  eth0: [v4('192.168.1.20', '255.255.255.0'), v6('fd00::2'), v6('fe80::1')],
  vpn: [v4('10.8.0.6', '255.255.255.255')],
}

test('beacons are sent where the node listens', (t) => {
  const to = (host: string): string[] => placesOf(host, INTERFACES).map((place) => place.to)
  t.deepEqual(to('::'), ['192.168.1.255', `${GROUP}%eth0`], 'on every network that has others on it')
  t.deepEqual(to('0.0.0.0'), ['192.168.1.255'])
  t.deepEqual(to('192.168.1.20'), ['192.168.1.255'])
  t.deepEqual(to('fd00::2'), [`${GROUP}%eth0`])
  t.deepEqual(to('127.0.0.1'), [], 'a node on the loopback tells nobody')
  t.deepEqual(to('::1'), [])
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`tap${n}`, [v4(`10.${n}.0.1`, '255.255.0.0')]]))
  t.equal(placesOf('::', many).length, 16, 'on sixteen at most')
  t.end()
})

test('broadcast addresses', (t) => {
  t.equal(broadcastOf('10.1.2.3', '255.255.240.0'), '10.1.15.255')
  t.equal(broadcastOf('200.1.2.3', '128.0.0.0'), '255.255.255.255')
  t.equal(broadcastOf('10.1.2.3', '255.255.255.254'), undefined)
  t.equal(broadcastOf('10.1.2', '255.255.255.0'), undefined)
  t.end()
})

test('beacons: only what comes from a network of this machine is near', (t) => {
  const of = (family: 'IPv4' | 'IPv6', address: string, bits: number, internal = false) =>
    ({ family, address, cidr: `${address}/${bits}`, internal, netmask: '', mac: '' }) as NetworkInterfaceInfo
  const interfaces = {
    lo: [of('IPv4', '127.0.0.1', 8, true), of('IPv6', '::1', 128, true)],
    eth0: [of('IPv4', '10.7.1.20', 24), of('IPv6', '2001:db8:1:2::20', 64), of('IPv6', 'fe80::20', 64)],
  }
  const near = ['10.7.1.1', '10.7.1.20', 'fe80::9%eth0', '2001:db8:1:2::9']
  const far = ['10.7.2.1', '127.0.0.1', '192.168.0.1', '8.8.8.8', '2001:db8:1:3::9', '::1', '']
  const isNear = nearness(interfaces)
  for (const from of near) t.ok(isNear(from), from)
  for (const from of far) t.notOk(isNear(from), from)
  t.end()
})
