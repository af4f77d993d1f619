import ssbKeys from 'ssb-keys'
import { MarmaladeError, isPlayerId } from '../base/index.ts'
import type { PlayerId } from '../base/index.ts'
import type { Identity } from './identity.ts'

/** private-box's own bound. */
export const MAX_RECIPIENTS = 7

/**
 * Encrypts a payload so that only the recipients can read it; name oneself among them to be able to read it again.
 * Source: ssb-keys `box` (private-box): base64 text ending in `.box`.
 * @throws MarmaladeError BOX_RECIPIENTS for none, more than 7, or one that is no identity
 */
export function box(payload: object, recipients: readonly PlayerId[]): string {
  if (recipients.length < 1 || recipients.length > MAX_RECIPIENTS)
    throw new MarmaladeError('BOX_RECIPIENTS', `encrypt to 1 to ${MAX_RECIPIENTS} identities, not ${recipients.length}`)
  if (!recipients.every(isPlayerId)) throw new MarmaladeError('BOX_RECIPIENTS', 'a recipient is not an identity')
  try {
    return ssbKeys.box(payload, recipients)
  } catch (cause) {
    throw new MarmaladeError('BOX_RECIPIENTS', 'a recipient is no key that can be encrypted to', { cause })
  }
}

/**
 * What a `.box` payload holds, undefined where this identity is no recipient or the text is damaged.
 * It comes from others: check it by `readPayload` of lib/entry before use.
 */
export function unbox(boxed: string, identity: Identity): unknown {
  if (!boxed.endsWith('.box')) return undefined
  // A copy: ssb-keys caches a derived key on the object it is given.
  return ssbKeys.unbox(boxed, { ...identity.keys })
}
