/** Bytes as Uint8Array everywhere: what also runs in a browser knows no Buffer. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const PADDING = '='.charCodeAt(0)
const HEX = '0123456789abcdef'
const VALUES = new Int16Array(128).fill(-1)
for (let i = 0; i < 64; i++) VALUES[ALPHABET.charCodeAt(i)] = i
VALUES['-'.charCodeAt(0)] = 62
VALUES['_'.charCodeAt(0)] = 63

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8')
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export const utf8 = (text: string): Uint8Array => encoder.encode(text)
/** Writes as much of the text as there is room for; UTF-16 units read, bytes written. */
export const utf8Into = (text: string, out: Uint8Array): { read: number; written: number } =>
  encoder.encodeInto(text, out)
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes)
/** Text of well-formed UTF-8, byte order mark kept; undefined where it is malformed. */
export function fromUtf8Strict(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** Written as bytes first: text grown by `+=` is a tree of pieces that takes a kilobyte for each key kept. */
export function base64(bytes: Uint8Array): string {
  const out = new Uint8Array(Math.ceil(bytes.length / 3) * 4)
  let at = 0
  for (let i = 0; i < bytes.length; i += 3) {
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    out[at++] = ALPHABET.charCodeAt(word >> 18)
    out[at++] = ALPHABET.charCodeAt((word >> 12) & 63)
    out[at++] = i + 1 < bytes.length ? ALPHABET.charCodeAt((word >> 6) & 63) : PADDING
    out[at++] = i + 2 < bytes.length ? ALPHABET.charCodeAt(word & 63) : PADDING
  }
  return decoder.decode(out)
}
export const base64url = (bytes: Uint8Array): string =>
  base64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

/** Bytes of base64 or base64url text that has been checked before. */
export function fromBase64(text: string): Uint8Array {
  const length = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length
  const out = new Uint8Array((length * 3) >> 2)
  let word = 0
  let bits = 0
  let at = 0
  for (let i = 0; i < length; i++) {
    word = (word << 6) | (VALUES[text.charCodeAt(i)] ?? 0)
    bits += 6
    if (bits >= 8) {
      bits -= 8
      out[at++] = (word >> bits) & 255
    }
  }
  return out
}
export const fromBase64url = fromBase64

/** Writes the first `count` bytes of checked base64 text into `out` at `at`. */
export function base64Into(out: Uint8Array, at: number, text: string, count: number): void {
  let word = 0
  let bits = 0
  for (let i = 0, end = at + count, to = at; to < end; i++) {
    word = ((word << 6) | (VALUES[text.charCodeAt(i)] ?? 0)) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    out[to++] = word >> bits
  }
}

export function hex(bytes: Uint8Array): string {
  const out = new Uint8Array(bytes.length * 2)
  let at = 0
  for (const byte of bytes) {
    out[at++] = HEX.charCodeAt(byte >> 4)
    out[at++] = HEX.charCodeAt(byte & 15)
  }
  return decoder.decode(out)
}
export function fromHex(text: string): Uint8Array {
  const out = new Uint8Array(text.length >> 1)
  for (let i = 0; i < out.length; i++) out[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return out
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Below, at or above zero as `a` sorts before, with or after `b`, byte by byte. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => compareBytes(a, b) === 0
