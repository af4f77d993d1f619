import type { Transform, Wire } from 'multiserver'
import pull from 'pull-stream'
import secretHandshake from 'secret-handshake'
import type { Greeting, KeyPair } from 'secret-handshake'
import { opening, sealing } from '../wire/boxes.ts'

interface Init {
  readonly keys: KeyPair
  /** The network key, 32 bytes. */
  readonly appKey: Buffer
  /** Milliseconds for each read of the handshake. */
  readonly timeout: number
}

/**
 * multiserver's `shs` transform: secret-handshake's own handshake, then its box-stream, by `wire/boxes.ts`. Everyone who proves
 * an identity may come in; who that may be is asked later.
 */
export function shsTransform({ keys, appKey, timeout }: Init): Transform {
  const dial = secretHandshake.createClientStream(keys, appKey, timeout)
  // An answer given later would leave a timer on the open connection.
  const greet = secretHandshake.createServerStream(keys, (_publicKey, done) => done(null, true), appKey, timeout)
  return {
    name: 'shs',
    create: (address) => (stream, done) => {
      const onGreeted: Greeting = (error, inner, state) => {
        if (error || !inner || !state) {
          done(Object.assign(error ?? new Error('no stream'), { address: 'shs:' }))
          return
        }
        const { remote, local, encryptKey, decryptKey } = state
        const seal = sealing({ key: encryptKey, nonce: remote.app_mac.subarray(0, 24) })
        const open = opening({ key: decryptKey, nonce: local.app_mac.subarray(0, 24) })
        const wire: Wire = {
          address: `shs:${remote.publicKey.toString('base64')}`,
          meta: undefined,
          remote: remote.publicKey,
          source: open(inner.source),
          sink: (read) => inner.sink(seal(read)),
        }
        done(null, wire)
      }
      const key = address && 'key' in address && address.key instanceof Uint8Array ? address.key : undefined
      pull(stream.source, key ? dial(Buffer.from(key), onGreeted) : greet(onGreeted), stream.sink)
    },
    parse(text) {
      const [name, base64 = '', ...more] = text.split(':')
      const key = Buffer.from(base64, 'base64')
      return name === 'shs' && more.length === 0 && key.length === 32 ? { key } : null
    },
    stringify: () => `shs:${keys.publicKey.toString('base64')}`,
  }
}
