import { createHash } from 'node:crypto'
import fc from 'fast-check'
import test from 'tape'
import { hex, utf8 } from '../../lib/base/index.ts'
import { NETWORK_KEY } from '../../lib/host/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { BEACON_BYTES, BeaconGate, encodeBeacon, networkTag, readBeacon, verifyBeacon } from '../../lib/peers/index.ts'
import type { Beacon, Heard } from '../../lib/peers/index.ts'
import { identityNamed } from '../helpers/chains.ts'

const [ada, ben] = [identityNamed('ada'), identityNamed('ben')]
const network = networkTag(NETWORK_KEY, nodeCrypto)
const NOW = 1_760_000_000_000_000
const beaconOf = (who: typeof ada, more: Partial<Beacon> = {}): Uint8Array =>
  encodeBeacon({ kind: 'here', player: who.id, port: 2468, time: NOW, ...more }, network, who.signer)
const gateOf = (): BeaconGate => new BeaconGate({ self: ben.id, network, crypto: nodeCrypto })
const outcome = (heard: Heard): string => (heard.kind === 'ignored' ? heard.why : heard.isNew ? 'new' : 'known')
const at = (now: number, wall = NOW + now * 1_000) => ({ now, wall })

test('beacon: its bytes are those of docs/protocol.md', (t) => {
  const bytes = beaconOf(ada, { kind: 'asks' })
  t.equal(bytes.length, BEACON_BYTES)
  t.equal(hex(bytes.subarray(0, 18)), hex(utf8('marmalade beacon')) + '0101')
  const tag = createHash('sha256').update('marmalade/1 beacon\0').update(NETWORK_KEY).digest().subarray(0, 8)
  t.equal(hex(bytes.subarray(18, 26)), tag.toString('hex'))
  t.equal(hex(bytes.subarray(26, 58)), Buffer.from(ada.id.slice(1, 45), 'base64').toString('hex'))
  t.equal(hex(bytes.subarray(58, 68)), `${hex(timeBytes(NOW))}09a4`)
  const read = readBeacon(bytes, network)
  t.deepEqual(read, { kind: 'asks', player: ada.id, port: 2468, time: NOW })
  t.ok(read && verifyBeacon(bytes, read, nodeCrypto))
  t.end()
})

function timeBytes(time: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(time))
  return bytes
}

test('beacon: any bit that is another makes it none', (t) => {
  const bytes = beaconOf(ada)
  let taken = 0
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const bent = bytes.slice()
    bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    // Each from an address of its own, one a second: no limit of rate hides a fault.
    const heard = gateOf().take(bent, `10.0.${bit >> 8}.${bit & 255}`, at(0))
    if (heard.kind === 'heard') taken++
  }
  t.equal(taken, 0, `${bytes.length * 8} bits`)
  t.end()
})

test('beacon: bytes from anywhere are read without harm', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (noise, framed) => {
      const bytes = framed ? Uint8Array.from([...beaconOf(ada).subarray(0, 26), ...noise]) : noise
      const heard = gateOf().take(bytes, '10.0.0.1', at(0))
      if (heard.kind !== 'ignored') throw new Error('noise was taken for a beacon')
    }),
  )
  t.pass('none of it is a beacon')
  t.end()
})

test('gate: each beacon counts once for each way in which it comes; older ones and those of oneself do not', (t) => {
  const gate = gateOf()
  const seen = (bytes: Uint8Array, from: string, now: number, wall?: number): string =>
    outcome(gate.take(bytes, from, at(now, wall)))
  t.equal(seen(beaconOf(ada), '10.0.0.1', 0), 'new')
  t.equal(seen(beaconOf(ada), '10.0.0.1', 10), 'again', 'replayed')
  t.equal(seen(beaconOf(ada), 'fe80::1%eth0', 10), 'known', 'by another network')
  t.equal(seen(beaconOf(ada), '10.1.0.1', 10), 'known')
  t.equal(seen(beaconOf(ada), '10.2.0.1', 10), 'known')
  t.equal(seen(beaconOf(ada), '10.3.0.1', 10), 'again', 'by no more than four')
  t.equal(seen(beaconOf(ada, { time: NOW + 5 }), '10.0.0.1', 20), 'known')
  t.equal(seen(beaconOf(ada, { time: NOW + 4 }), '10.9.0.1', 20), 'again', 'an older one')
  t.equal(seen(beaconOf(ada, { time: NOW + 6 }), '10.0.0.1', 100_000), 'new', 'after a long silence')
  t.equal(seen(beaconOf(ben), '10.0.0.9', 0), 'own')
  t.equal(seen(beaconOf(ada, { time: NOW - 601_000_000 }), '10.0.0.8', 0, NOW), 'old')
  t.equal(seen(beaconOf(ada, { time: NOW + 601_000_000 }), '10.0.0.8', 0, NOW), 'old', 'or of the future')
  const other = networkTag(new Uint8Array(32), nodeCrypto)
  const foreign = encodeBeacon({ kind: 'here', player: ada.id, port: 1, time: NOW + 9 }, other, ada.signer)
  t.equal(seen(foreign, '10.0.0.8', 0), 'other', 'of another network')
  const forged = encodeBeacon({ kind: 'here', player: ada.id, port: 1, time: NOW + 9 }, network, ben.signer)
  t.equal(seen(forged, '10.0.0.8', 0), 'forged')
  t.end()
})

test('gate: a flood costs few signatures, and leaves room for others', (t) => {
  let checks = 0
  const crypto = {
    verify: (...given: Parameters<typeof nodeCrypto.verify>) => {
      checks++
      return nodeCrypto.verify(...given)
    },
  }
  const gate = new BeaconGate({ self: ben.id, network, crypto })
  const flood = (sources: number, millis: number): void => {
    for (let n = 0; n < 5_000; n++) {
      const bytes = encodeBeacon({ kind: 'here', player: ada.id, port: 1, time: NOW + n }, network, ben.signer)
      gate.take(bytes, `10.0.${n % sources}.1`, at((n * millis) / 5_000))
    }
  }
  flood(1, 1_000)
  t.ok(checks <= 22, `${checks} checks of one address's 5,000 beacons in a second`)
  t.equal(outcome(gate.take(beaconOf(ada, { time: NOW + 9_000 }), '10.7.7.7', at(1_000))), 'new', 'another is heard')
  checks = 0
  flood(200, 1_000)
  t.ok(checks <= 150, `${checks} checks of 200 addresses' in a second`)
  t.end()
})
