import type { Micros } from '../base/index.ts'
import { FUTURE_LIMIT_MICROS } from '../entry/index.ts'
import type { Ingested } from '../store/types.ts'
import type { Outcome } from './types.ts'

/** A run that is held is asked for again no sooner. */
const LEAST_WAIT = 100

/** What the store's answer means for gossip, and the code of the rule that the sender broke. */
export function judge(ingested: Ingested, now: Micros): { readonly outcome: Outcome; readonly fault?: string } {
  // The store keeps what is held; whoever looks after feeds hands it in again when it is due.
  if (ingested.kind === 'held') {
    const retryIn = Math.max(LEAST_WAIT, (ingested.due - now) / 1_000)
    return { outcome: { kind: 'held', retryIn, from: ingested.due + FUTURE_LIMIT_MICROS } }
  }
  const fault = ingested.kind === 'refused' ? ingested : ingested.stop
  if (fault) {
    const orphan = fault.code === 'FEED_GAP'
    return { outcome: { kind: 'refused', orphan }, ...(!orphan && { fault: fault.code }) }
  }
  if (ingested.kind === 'staged') {
    const { tail, unverified } = ingested
    return { outcome: { kind: 'staged', tail, ...(unverified && { unverified }) } }
  }
  return { outcome: { kind: ingested.kind === 'adopted' ? 'adopted' : 'known' } }
}

/** Whether something new of the author's has come: what no signature verifies yet is nobody's. */
export const isNews = (outcome: Outcome): boolean =>
  outcome.kind === 'adopted' || (outcome.kind === 'staged' && outcome.unverified !== true)
