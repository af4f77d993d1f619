import { rawId } from '../base/index.ts'
import type { PlayerId } from '../base/index.ts'
import type { GossipState, Link } from './state.ts'

/** Parts of a set that are told apart: by the ninth byte of an identity. */
const PARTS = 256
/** Sets that were offered on links that have ended and are remembered, 2 KiB each: most peers are offered the same. */
const MAX_OFFERS = 128

/** Bytes of an offer. */
export const OFFER_BYTES = PARTS * 8

/**
 * Stands for a set of feeds, whatever the order: of each of its 256 parts the exclusive-or of the first 8 bytes of the
 * identities in it, as two words. Identities are public keys, so these bytes are as good as a hash.
 */
export type Offer = Uint32Array

/** The set as it was told in one `ihave`. */
export interface Given {
  readonly serial: number
  readonly digest: string
  readonly offer: Offer
}

export const emptyOffer = (): Offer => new Uint32Array(2 * PARTS)

/** Adds a feed, or takes it out again. */
export function toggle(offer: Offer, identity: PlayerId): void {
  const { part, high, low } = marksOf(identity)
  offer[2 * part] = wordOf(offer, 2 * part) ^ high
  offer[2 * part + 1] = wordOf(offer, 2 * part + 1) ^ low
}

/** The digest of a set, all parts together, in hex; never zeros, which stand for none. */
export function digestOf(offer: Offer): string {
  let [high, low] = [0, 0]
  for (let at = 0; at < offer.length; at += 2) {
    high ^= wordOf(offer, at)
    low ^= wordOf(offer, at + 1)
  }
  const marked = (high | 0x8000_0000) >>> 0
  return marked.toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0')
}

/**
 * What has to be told of a set beyond what was before: of each part that is another now the one feed whose coming or
 * going alone makes the difference, or else the whole part. `feeds` are all that are here, in the set or not.
 */
export function suspects(before: Offer, now: Offer, feeds: Iterable<PlayerId>): Set<PlayerId> {
  const parts = new Map<number, PlayerId[]>()
  for (let part = 0; part < PARTS; part++) if (differs(before, now, part)) parts.set(part, [])
  if (parts.size === 0) return new Set()
  for (const identity of feeds) parts.get(marksOf(identity).part)?.push(identity)
  return new Set(
    [...parts.values()].flatMap((all) => {
      const alone = all.find((identity) => makesDifference(before, now, identity))
      return alone ? [alone] : all
    }),
  )
}

/** Notes the set that an `ihave` told of, whole. Kept are the last that the peer has heard, and those under way. */
export function noteGiven(link: Link, digest: string): void {
  if (link.given.at(-1)?.digest !== digest) link.given.push({ serial: link.serial, digest, offer: link.offer.slice() })
  while ((link.given[1]?.serial ?? Infinity) <= link.heardSerial) link.given.shift()
}

/** The peer of a link that ends may come back with any of the sets that it may have heard of. */
export function keepOffers(state: GossipState, link: Link): void {
  for (const { digest, offer } of link.given) keepOffer(state, digest, offer)
}

/** Remembers a set; the one that was used longest ago goes. */
export function keepOffer({ offers }: GossipState, digest: string, offer: Offer): void {
  offers.delete(digest)
  offers.set(digest, offer)
  for (const oldest of offers.keys()) {
    if (offers.size <= MAX_OFFERS) return
    offers.delete(oldest)
  }
}

function marksOf(identity: PlayerId): { readonly part: number; readonly high: number; readonly low: number } {
  const bytes = rawId(identity)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return { part: view.getUint8(8), high: view.getUint32(0), low: view.getUint32(4) }
}

const wordOf = (offer: Offer, at: number): number => offer[at] ?? 0

const differs = (a: Offer, b: Offer, part: number): boolean =>
  a[2 * part] !== b[2 * part] || a[2 * part + 1] !== b[2 * part + 1]

function makesDifference(before: Offer, now: Offer, identity: PlayerId): boolean {
  const { part, high, low } = marksOf(identity)
  const [at, next] = [2 * part, 2 * part + 1]
  return (
    (wordOf(before, at) ^ wordOf(now, at)) >>> 0 === high && (wordOf(before, next) ^ wordOf(now, next)) >>> 0 === low
  )
}
