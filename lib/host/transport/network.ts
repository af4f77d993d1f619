import { createHash } from 'node:crypto'
import type { Transform } from 'multiserver'
import { MarmaladeError } from '../../base/index.ts'
import type { HostKeys } from '../types.ts'
import { shsTransform } from './shs.ts'

/** What secret-handshake calls the application key: nodes with different ones cannot talk. SHA-256 of `marmalade/1 network`. */
export const NETWORK_KEY: Uint8Array = new Uint8Array(createHash('sha256').update('marmalade/1 network').digest())

/** secret-handshake as one of multiserver's transforms. @throws MarmaladeError OPTIONS_INVALID for a network key that is not 32 bytes */
export function handshake(keys: HostKeys, networkKey: Uint8Array, timeout: number): Transform {
  if (networkKey.length !== 32) throw new MarmaladeError('OPTIONS_INVALID', 'a network key has 32 bytes')
  return shsTransform({
    keys: { publicKey: keyBytes(keys.public), secretKey: keyBytes(keys.private) },
    appKey: Buffer.from(networkKey),
    // The host cuts a slow handshake off before this, once for all its reads; this bounds each of them.
    timeout: 2 * timeout,
  })
}

const keyBytes = (text: string): Buffer => Buffer.from(text.replace(/\.ed25519$/, ''), 'base64')
