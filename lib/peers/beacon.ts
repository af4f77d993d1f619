import { concat, equalBytes, playerIdOf, rawId, utf8 } from '../base/index.ts'
import type { Crypto, Micros, PlayerId, Signer } from '../base/index.ts'

/** Bytes of a beacon: docs/protocol.md, "Beacons", says what they are. */
export const BEACON_BYTES = 132
const MAGIC = utf8('marmalade beacon')
const VERSION = 1
const KINDS = ['here', 'asks'] as const
const SIGNED = BEACON_BYTES - 64
const AT = { version: 16, kind: 17, network: 18, identity: 26, time: 58, port: 66, signature: SIGNED } as const

/** One node telling its local network that it is there. */
export interface Beacon {
  /** `asks` wants to be told who else is there. */
  readonly kind: (typeof KINDS)[number]
  readonly player: PlayerId
  /** TCP port that the node listens on. */
  readonly port: number
  /** The author's clock when it was sent; of two of one player the later counts. */
  readonly time: Micros
}

/** What beacons of one network have in common: 8 bytes of a hash, so that the network key itself is not told. */
export const networkTag = (networkKey: Uint8Array, crypto: Pick<Crypto, 'sha256'>): Uint8Array =>
  crypto.sha256(concat([utf8('marmalade/1 beacon'), new Uint8Array(1), networkKey])).slice(0, 8)

export function encodeBeacon({ kind, player, port, time }: Beacon, network: Uint8Array, signer: Signer): Uint8Array {
  const bytes = new Uint8Array(BEACON_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  bytes[AT.version] = VERSION
  bytes[AT.kind] = KINDS.indexOf(kind)
  bytes.set(network, AT.network)
  bytes.set(rawId(player), AT.identity)
  view.setBigUint64(AT.time, BigInt(time))
  view.setUint16(AT.port, port)
  bytes.set(signer.sign(bytes.subarray(0, SIGNED)), AT.signature)
  return bytes
}

/** Reads a beacon of this network, its signature not yet checked; undefined where it is none. */
export function readBeacon(bytes: Uint8Array, network: Uint8Array): Beacon | undefined {
  if (bytes.length !== BEACON_BYTES || !equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) return undefined
  if (bytes[AT.version] !== VERSION || !equalBytes(bytes.subarray(AT.network, AT.identity), network)) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const kind = KINDS[bytes[AT.kind] ?? KINDS.length]
  const time = view.getBigUint64(AT.time)
  const port = view.getUint16(AT.port)
  if (kind === undefined || port === 0 || time > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  return { kind, player: playerIdOf(bytes.slice(AT.identity, AT.time)), port, time: Number(time) }
}

/** Whether its player signed it. */
export const verifyBeacon = (bytes: Uint8Array, { player }: Beacon, crypto: Pick<Crypto, 'verify'>): boolean =>
  crypto.verify(bytes.subarray(AT.signature), bytes.subarray(0, SIGNED), rawId(player))
