import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'

/** The first message of secret-handshake: an authenticator under the network key, then the ephemeral key that it is of. */
const GREETING = 64
const AUTHENTICATOR = 32

/** Whether bytes are the first message of somebody on this network. */
export function isGreeting(bytes: Uint8Array, networkKey: Uint8Array): boolean {
  if (bytes.length !== GREETING) return false
  // libsodium's crypto_auth: the first half of an HMAC-SHA-512.
  const wanted = createHmac('sha512', networkKey).update(bytes.subarray(AUTHENTICATOR)).digest()
  return timingSafeEqual(wanted.subarray(0, AUTHENTICATOR), bytes.subarray(0, AUTHENTICATOR))
}

/**
 * Reads the first message of a caller and puts it back; `greeted` is called where it is of this network, and the socket is destroyed
 * where it is not. Who does not get so far costs no keys, no streams and no timer of a handshake.
 */
export function onGreeting(socket: Socket, networkKey: Uint8Array, greeted: () => void): void {
  const look = (): void => {
    const bytes = socket.read(GREETING) as Buffer | null
    if (bytes === null) return
    socket.off('readable', look)
    if (!isGreeting(bytes, networkKey)) {
      socket.destroy()
      return
    }
    socket.unshift(bytes)
    greeted()
  }
  socket.on('readable', look)
}
