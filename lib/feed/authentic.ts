import type { Crypto } from '../base/index.ts'
import { verifyEntry } from '../entry/index.ts'
import type { Entry } from '../entry/index.ts'
import { MAX_UNVERIFIED } from './types.ts'

export interface Authenticated {
  /** Leading entries that are authentic; the own signature of the last of them verifies. */
  readonly verified: number
  /** More than 256 in a row after those do not verify. */
  readonly ended: boolean
}

/**
 * How many of a chain's entries are authentic. The last of each stretch of up to 256 is checked; if it fails, the ones
 * before it are tried backwards, then the ones after it forwards until one verifies.
 *
 * The stride makes the rule one for everyone: of more than 256 bad signatures in a row at least one is always looked
 * at, however the chain was cut into runs, and from there the whole row is counted exactly.
 * @param tested how many leading entries are known not to verify, none of which is looked at again
 */
export function authenticate(entries: readonly Entry[], tested: number, crypto: Crypto): Authenticated {
  const verifies = (at: number): boolean => {
    const entry = entries[at]
    return entry !== undefined && verifyEntry(entry, crypto)
  }
  let verified = 0
  let failed = tested
  let next = tested
  while (next < entries.length) {
    if (failed > MAX_UNVERIFIED) break
    if (failed > 0) {
      if (verifies(next)) {
        verified = next + 1
        failed = 0
      } else failed++
      next++
      continue
    }
    const end = Math.min(next + MAX_UNVERIFIED, entries.length)
    const last = lastVerifying(next, end, verifies)
    verified = last + 1
    failed = end - verified
    next = end
  }
  return { verified, ended: failed > MAX_UNVERIFIED }
}

/** Index of the last in [from, end) that verifies, `from - 1` where none does. */
function lastVerifying(from: number, end: number, verifies: (at: number) => boolean): number {
  for (let at = end - 1; at >= from; at--) if (verifies(at)) return at
  return from - 1
}
