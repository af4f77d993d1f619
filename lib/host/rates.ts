import { isIPv4 } from 'node:net'
import type { PlayerId } from '../base/index.ts'
import type { Rate } from './types.ts'

/** Buckets kept at once; the one used longest ago goes first. */
const MOST_BUCKETS = 4096

interface Bucket {
  tokens: number
  at: number
}

/** Token buckets by key. */
export class Rates {
  readonly #buckets = new Map<string, Bucket>()
  readonly #now: () => number

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Takes one token of the key's bucket; false where there is none. */
  take(key: string, rate: Rate): boolean {
    const tokens = this.#tokens(key, rate)
    this.#set(key, tokens < 1 ? tokens : tokens - 1)
    return tokens >= 1
  }

  /** Takes many, whether they are there or not: a bucket owes as many as it holds at most. */
  charge(key: string, rate: Rate, tokens: number): void {
    this.#set(key, Math.max(-rate.burst, this.#tokens(key, rate) - tokens))
  }

  #tokens(key: string, { burst, perSecond }: Rate): number {
    const bucket = this.#buckets.get(key)
    return bucket ? Math.min(burst, bucket.tokens + ((this.#now() - bucket.at) / 1000) * perSecond) : burst
  }

  #set(key: string, tokens: number): void {
    this.#buckets.delete(key)
    this.#buckets.set(key, { tokens, at: this.#now() })
    this.#trim()
  }

  #trim(): void {
    if (this.#buckets.size <= MOST_BUCKETS) return
    const [oldest] = this.#buckets.keys()
    if (oldest !== undefined) this.#buckets.delete(oldest)
  }
}

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/

/** Whether a network address is this machine's own, which all who come from it share. */
export const isLoopback = (address: string): boolean => LOOPBACK.test(address)

/**
 * Whom a stranger's calls are counted against: its network address (IPv6 by the /64 that one subscriber has), since
 * identities cost nothing; on the loopback, where all have one address, its identity.
 */
export function rateKey(address: string | undefined, player: PlayerId): string {
  if (address === undefined || isLoopback(address)) return player
  return subscriberOf(address)
}

/** The subscriber behind a network address: the address itself, of IPv6 its /64. */
export function subscriberOf(address: string): string {
  const mapped = address.replace(/^::ffff:/, '')
  return isIPv4(mapped) ? mapped : subnet64(mapped)
}

function subnet64(address: string): string {
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...new Array<string>(Math.max(0, zeros)).fill('0'), ...after].slice(0, 4).join(':')
}
