import {
  concat,
  equalBytes,
  fromUtf8Strict,
  isName,
  jamIdOf,
  ownedParts,
  playerIdOf,
  rawId,
  refusal,
  utf8,
} from '../base/index.ts'
import type { Crypto, JamId, PlayerId, Refusal } from '../base/index.ts'

/** Where the inviter's node may be reached. */
export interface InviteAddress {
  readonly host: string
  readonly port: number
}

/** What an invite code says. */
export interface Invite {
  readonly inviter: PlayerId
  /** 32 bytes, from which the invite's Ed25519 key is made: whoever has them may come in. */
  readonly seed: Uint8Array
  /** At most 8, the likeliest first. */
  readonly addresses: readonly InviteAddress[]
  readonly jam?: JamId
  /** Seconds since 1970; left out, it does not expire by itself. */
  readonly expires?: number
}
export type ReadInvite = { readonly ok: true; readonly invite: Invite } | ({ readonly ok: false } & Refusal)

const PREFIX = 'marmalade'
const VERSION = '1'
/** bech32's: no 1, b, i or o. */
const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const MAX_CODE = 2_000
const MAX_ADDRESSES = 8
const MAX_HOST = 253
const CHECK = 4
/** Bits of the first byte. */
const HAS_JAM = 1
const OTHER_STARTER = 2
const MAX_SECONDS = 0xffff_ffff

/** An invite as text without spaces that a double click takes whole: docs/protocol.md, "Invites". */
export function writeInvite(invite: Invite, network: Uint8Array, crypto: Pick<Crypto, 'sha256'>): string {
  const { inviter, seed, addresses, jam, expires = 0 } = invite
  const owned = jam === undefined ? undefined : ownedParts(jam)
  const other = owned !== undefined && owned.owner !== inviter
  const flags = (owned ? HAS_JAM : 0) | (other ? OTHER_STARTER : 0)
  const seconds = new Uint8Array(4)
  new DataView(seconds.buffer).setUint32(0, Math.min(MAX_SECONDS, Math.max(0, Math.ceil(expires))))
  const body = concat([
    Uint8Array.of(flags),
    network.slice(0, 4),
    rawId(inviter),
    seed,
    seconds,
    ...(other ? [rawId(owned.owner)] : []),
    ...(owned ? [short(owned.name)] : []),
    ...addresses
      .filter(({ host }) => host.length <= MAX_HOST)
      .slice(0, MAX_ADDRESSES)
      .map(({ host, port }) => concat([short(host), Uint8Array.of(port >> 8, port & 255)])),
  ])
  return PREFIX + VERSION + toBase32(concat([body, checkOf(body, crypto)]))
}

/**
 * Reads a code; capitals, spaces and line breaks that mail puts in do not matter.
 * Refused with INVITE_MALFORMED, INVITE_NETWORK.
 */
export function readInvite(text: string, network: Uint8Array, crypto: Pick<Crypto, 'sha256'>): ReadInvite {
  if (text.length > 2 * MAX_CODE) return malformed('it is too long')
  const code = text.replace(/\s+/g, '').toLowerCase()
  if (!code.startsWith(PREFIX) || code.length > MAX_CODE) return malformed('it should begin with marmalade1')
  if (!code.startsWith(PREFIX + VERSION)) return malformed('it was made by a newer version, or its start is wrong')
  const bytes = fromBase32(code.slice(PREFIX.length + VERSION.length))
  if (!bytes || bytes.length <= CHECK) return malformed('a character of it is wrong or missing')
  const body = bytes.subarray(0, -CHECK)
  if (!equalBytes(bytes.subarray(-CHECK), checkOf(body, crypto))) {
    return malformed('a character of it is wrong or missing: copy it whole')
  }
  return parse(new Reader(body), network)
}

function parse(reader: Reader, network: Uint8Array): ReadInvite {
  const [flags = 0] = reader.take(1) ?? []
  const tag = reader.take(4)
  const inviter = reader.take(32)
  const seed = reader.take(32)
  const seconds = reader.take(4)
  if (!tag || !inviter || !seed || !seconds || flags > (HAS_JAM | OTHER_STARTER)) return malformed('it is incomplete')
  if (!equalBytes(tag, network.slice(0, 4))) {
    return { ok: false, ...refusal('INVITE_NETWORK', 'that invite is for nodes with another network key') }
  }
  const starter = (flags & OTHER_STARTER) !== 0 ? reader.take(32) : inviter
  const name = (flags & HAS_JAM) !== 0 ? reader.text() : undefined
  const addresses = reader.addresses()
  if (!starter || !addresses || ((flags & HAS_JAM) !== 0 && !isName(name))) return malformed('it is incomplete')
  const expires = new DataView(seconds.slice().buffer).getUint32(0)
  return {
    ok: true,
    invite: {
      inviter: playerIdOf(inviter),
      seed: seed.slice(),
      addresses,
      ...(isName(name) && { jam: jamIdOf(playerIdOf(starter), name) }),
      ...(expires !== 0 && { expires }),
    },
  }
}

const malformed = (why: string): ReadInvite => ({
  ok: false,
  ...refusal('INVITE_MALFORMED', `that is no invite code: ${why}`),
})

const checkOf = (body: Uint8Array, crypto: Pick<Crypto, 'sha256'>): Uint8Array =>
  crypto.sha256(concat([utf8(PREFIX + VERSION), body])).slice(0, CHECK)

/** Text of at most 255 bytes with its length before it. */
function short(text: string): Uint8Array {
  const bytes = utf8(text)
  return concat([Uint8Array.of(bytes.length), bytes])
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** The next bytes; undefined where there are not so many. */
  take(count: number): Uint8Array | undefined {
    if (this.#at + count > this.#bytes.length) return undefined
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  text(): string | undefined {
    const [length] = this.take(1) ?? []
    const bytes = length === undefined ? undefined : this.take(length)
    return bytes && fromUtf8Strict(bytes)
  }

  /** All that is left. */
  addresses(): InviteAddress[] | undefined {
    const found: InviteAddress[] = []
    while (this.#at < this.#bytes.length) {
      const host = this.text()
      const [high = 0, low = 0] = this.take(2) ?? []
      if (host === undefined || !/^[0-9A-Za-z.:-]+$/.test(host) || found.length >= MAX_ADDRESSES) return undefined
      if (high + low === 0) return undefined
      found.push({ host, port: (high << 8) | low })
    }
    return found
  }
}

function toBase32(bytes: Uint8Array): string {
  const letters: string[] = []
  let word = 0
  let bits = 0
  for (const byte of bytes) {
    word = (word << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      letters.push(ALPHABET[(word >> bits) & 31] ?? '')
    }
    word &= (1 << bits) - 1
  }
  if (bits > 0) letters.push(ALPHABET[(word << (5 - bits)) & 31] ?? '')
  return letters.join('')
}

/** Undefined where a character is none of the alphabet, or bits are left that mean nothing. */
function fromBase32(text: string): Uint8Array | undefined {
  const out = new Uint8Array((text.length * 5) >> 3)
  let word = 0
  let bits = 0
  let at = 0
  for (const letter of text) {
    const value = ALPHABET.indexOf(letter)
    if (value < 0) return undefined
    word = (word << 5) | value
    bits += 5
    if (bits >= 8) {
      bits -= 8
      out[at++] = word >> bits
      word &= (1 << bits) - 1
    }
  }
  return bits < 5 && word === 0 ? out : undefined
}
