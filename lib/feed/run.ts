import { refusal } from '../base/index.ts'
import type { Crypto, ErrorCode, Micros, PlayerId } from '../base/index.ts'
import { FUTURE_LIMIT_MICROS, isAhead, parseEntry } from '../entry/index.ts'
import type { Entry } from '../entry/index.ts'
import { againFault } from './again.ts'
import { authenticate } from './authentic.ts'
import { MAX_RUN_BYTES, MAX_RUN_ENTRIES, MAX_UNVERIFIED } from './types.ts'
import type { CheckedRun, ParsedRun, RunStart, Stop } from './types.ts'

/**
 * Parses the raw entries of a run, oldest first, and links them by parent hash, identity and growing comparables.
 * Stops with RUN_SIZE, any code of `parseEntry`, FEED_IDENTITY, FEED_PARENT, FEED_COMPARABLE, AGAIN_NOT_EARLIER, AGAIN_WRAPS.
 */
export function parseRun(identity: PlayerId, run: readonly Uint8Array[], crypto: Crypto): ParsedRun {
  const bytes = run.reduce((sum, raw) => sum + raw.length, 0)
  if (run.length === 0 || run.length > MAX_RUN_ENTRIES || bytes > MAX_RUN_BYTES)
    return { entries: [], stop: stop(0, 'RUN_SIZE', `a run of ${run.length} entries and ${bytes} bytes: split it`) }
  const entries: Entry[] = []
  for (const raw of run) {
    const parsed = parseEntry(raw, crypto)
    if (!parsed.ok) return { entries, stop: stop(entries.length, parsed.code, parsed.message) }
    const fault = linkFault(identity, entries.at(-1), parsed.entry)
    if (fault) return { entries, stop: { at: entries.length, ...fault } }
    entries.push(parsed.entry)
  }
  return { entries }
}

const stop = (at: number, code: ErrorCode, message: string): Stop => ({ at, code, message })

/** Why an entry cannot follow on `before` (undefined where what it follows is not known yet). */
function linkFault(identity: PlayerId, before: Entry | undefined, entry: Entry) {
  if (entry.identity !== identity) return refusal('FEED_IDENTITY', `${entry.key} is signed by ${entry.identity}`)
  if (before && entry.parent !== before.key)
    return refusal('FEED_PARENT', `${entry.key} does not name ${before.key}, the entry before it`)
  if (before && entry.comparable <= before.comparable)
    return refusal('FEED_COMPARABLE', `the comparable of ${entry.key} is not above that of the entry before it`)
  return againFault(entry)
}

/**
 * Sorts linked entries that follow on `start` into what is authentic, what waits for a signature, and what is ahead
 * of the clock. One signature is checked for every 256 entries while they verify (FEEDS.md 2, "What is authentic").
 * Stops with FEED_PARENT, FEED_COMPARABLE, FEED_ENDED.
 * @param now the receiver's clock, microseconds since 1970
 */
export function checkRun(entries: readonly Entry[], start: RunStart, now: Micros, crypto: Crypto): CheckedRun {
  const before = start.unverified.at(-1) ?? start.tail
  const misfit = entries[0] && startFault(entries[0], before)
  if (misfit) return { authentic: [], waiting: start.unverified, ahead: [], stop: { at: 0, ...misfit } }
  const firstAhead = entries.findIndex((entry) => isAhead(entry.comparable, now))
  const cut = firstAhead < 0 ? entries.length : firstAhead
  const present = [...start.unverified, ...entries.slice(0, cut)]
  const checked = authenticate(present, start.unverified.length, crypto)
  const authentic = present.slice(0, checked.verified)
  if (checked.ended) {
    const at = Math.max(0, checked.verified - start.unverified.length)
    const message = `no signature verifies in more than ${MAX_UNVERIFIED} entries in a row: the feed ends before them`
    return { authentic, waiting: [], ahead: [], stop: stop(at, 'FEED_ENDED', message) }
  }
  const waiting = present.slice(checked.verified)
  const future = [...waiting, ...entries.slice(cut)]
  const ahead = firstAhead < 0 ? [] : future.slice(0, authenticate(future, waiting.length, crypto).verified)
  const first = entries[cut]
  if (ahead.length === 0 || !first) return { authentic, waiting, ahead: [] }
  return { authentic, waiting, ahead, due: first.comparable - FUTURE_LIMIT_MICROS }
}

function startFault(first: Entry, before: { key: string; comparable: Micros } | undefined) {
  if (first.parent !== (before?.key ?? null))
    return refusal('FEED_PARENT', `${first.key} does not name ${before?.key ?? 'null'}, the entry before it`)
  if (before && first.comparable <= before.comparable)
    return refusal('FEED_COMPARABLE', `the comparable of ${first.key} is not above that of the entry before it`)
  return undefined
}
