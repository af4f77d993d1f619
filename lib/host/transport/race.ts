import { MarmaladeError } from '../../base/index.ts'
import type { NetAddress } from './address.ts'
import { dial } from './dial.ts'
import type { Dialled, DialInit } from './dial.ts'

/** The next address is dialled beside those before it when they have not answered for so long, milliseconds (RFC 8305). */
const STAGGER = 250

/** Whoever won, with the place in the list of the address that answered. */
export interface Won extends Dialled {
  readonly at: number
}

/**
 * Dials one player at several addresses, each a little after the one before it, and takes the first that proves its identity.
 * @throws MarmaladeError what the first address threw, where none answers; see dial
 */
export async function dialFirst(addresses: readonly NetAddress[], init: DialInit): Promise<Won> {
  const over = new AbortController()
  const signal = AbortSignal.any([init.signal, over.signal])
  const errors: (Error | undefined)[] = []
  let won: Won | undefined
  const dials: Promise<void>[] = []
  for (const [at, address] of addresses.entries()) {
    const one = dial(address, { ...init, signal }).then(
      (dialled) => {
        if (won) dialled.socket.destroy()
        else won = { ...dialled, at }
        over.abort()
      },
      (error: unknown) => {
        errors[at] = error instanceof Error ? error : new Error(String(error))
      },
    )
    dials.push(one)
    await Promise.race([one, passed(at < addresses.length - 1 ? STAGGER : Infinity, over.signal)])
    if (over.signal.aborted || init.signal.aborted) break
  }
  await Promise.all(dials)
  if (won) return won
  throw errors.find((error) => error !== undefined) ?? new MarmaladeError('CANCELLED', 'the connection was given up')
}

/** Resolves after a while, or at once when it is over. */
function passed(milliseconds: number, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (over.aborted) {
      resolve()
      return
    }
    const timer = milliseconds === Infinity ? undefined : setTimeout(resolve, milliseconds)
    over.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
