import { refusal } from '../base/index.ts'
import type { Crypto, ErrorCode, Micros, PlayerId } from '../base/index.ts'
import { FUTURE_LIMIT_MICROS, follows, isAhead, parseEntry } from '../entry/index.ts'
import type { Entry } from '../entry/index.ts'
import { againFault } from './again.ts'
import { authenticate } from './authentic.ts'
import { MAX_RUN_BYTES, MAX_RUN_ENTRIES, MAX_UNVERIFIED } from './types.ts'
import type { CheckedRun, ParsedRun, RunStart, Stop } from './types.ts'

/**
 * Parses the raw entries of a run, oldest first, and links them by parent hash, identity and growing comparables; as much
 * at a time as is asked for. Stops with RUN_SIZE, any code of `parseEntry`, FEED_IDENTITY, FEED_PARENT, FEED_COMPARABLE,
 * AGAIN_NOT_EARLIER, AGAIN_WRAPS.
 */
export class RunParser {
  readonly #identity: PlayerId
  readonly #run: readonly Uint8Array[]
  readonly #crypto: Crypto
  readonly #entries: Entry[] = []
  #stop: Stop | undefined

  constructor(identity: PlayerId, run: readonly Uint8Array[], crypto: Crypto) {
    this.#identity = identity
    this.#run = run
    this.#crypto = crypto
    const bytes = run.reduce((sum, raw) => sum + raw.length, 0)
    if (run.length === 0 || run.length > MAX_RUN_ENTRIES || bytes > MAX_RUN_BYTES)
      this.#stop = stop(0, 'RUN_SIZE', `a run of ${run.length} entries and ${bytes} bytes: split it`)
  }

  /** Goes on for about so many bytes; true where nothing is left to parse. */
  parse(bytes: number): boolean {
    const entries = this.#entries
    for (let left = bytes; left > 0 && !this.#stop;) {
      const raw = this.#run[entries.length]
      if (!raw) return true
      left -= raw.length
      const before = entries.at(-1)
      const parsed = parseEntry(raw, this.#crypto, before)
      const fault = parsed.ok ? linkFault(this.#identity, before, parsed.entry) : parsed
      if (fault) this.#stop = stop(entries.length, fault.code, fault.message)
      else if (parsed.ok) entries.push(parsed.entry)
    }
    return this.#stop !== undefined || entries.length === this.#run.length
  }

  /** What has been parsed. */
  get result(): ParsedRun {
    return { entries: this.#entries, ...(this.#stop ? { stop: this.#stop } : {}) }
  }
}

/** As `RunParser`, at once. */
export function parseRun(identity: PlayerId, run: readonly Uint8Array[], crypto: Crypto): ParsedRun {
  const parser = new RunParser(identity, run, crypto)
  parser.parse(Infinity)
  return parser.result
}

const stop = (at: number, code: ErrorCode, message: string): Stop => ({ at, code, message })

/** Why an entry cannot follow on `before` (undefined where what it follows is not known yet). */
function linkFault(identity: PlayerId, before: Entry | undefined, entry: Entry) {
  if (entry.identity !== identity) return refusal('FEED_IDENTITY', `${entry.key} is signed by ${entry.identity}`)
  if (before && !follows(entry, before))
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
