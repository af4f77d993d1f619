import type { Millis } from './units.ts'

/**
 * A signal that is aborted after so long, with a TimeoutError. In place of `AbortSignal.timeout`, which Node 20 lets a collection
 * take away where `AbortSignal.any` alone names it, and then never comes (nodejs/node#57736): one that is listened to is kept.
 */
export function timeoutAfter(millis: Millis): AbortSignal {
  const signal = AbortSignal.timeout(millis)
  signal.addEventListener('abort', () => undefined, { once: true })
  return signal
}
