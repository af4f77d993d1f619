import type pull from 'pull-stream'
import sodium from 'sodium-native'
import { HEADER as PACKET_HEADER, invalid } from './packets.ts'

/**
 * Scuttlebutt's box-stream, byte for byte as pull-box-stream writes it: each box is a header of 34 bytes (the sealed length of
 * the body and the body's authenticator), then the body, sealed under the nonce after the header's. A header of zeros is the
 * goodbye. Written anew because that package allocates five buffers for every 4 KiB: here all boxes of a piece go into one.
 */
export interface BoxKey {
  /** 32 bytes. */
  readonly key: Uint8Array
  /** 24 bytes: the nonce of the first header. */
  readonly nonce: Uint8Array
}

const MAC = 16
const HEADER_BODY = 2 + MAC
const HEADER = MAC + HEADER_BODY
/** The most bytes that the specification puts into one box. */
const BOX = 4096

const isEnd = (end: pull.EndOrError): end is true | Error => end !== null && end !== false

/** Adds one to a nonce, a big-endian number. */
function increment(nonce: Uint8Array): void {
  for (let at = nonce.length - 1; at >= 0; at--) {
    const next = ((nonce[at] ?? 0) + 1) & 255
    nonce[at] = next
    if (next !== 0) return
  }
}

/**
 * Seals whatever comes, in boxes of up to 4 KiB, and says goodbye at the end. What comes within one turn of the event loop goes
 * out at once, up to 64 KiB: many small packets cost one write.
 */
export function sealing({ key, nonce }: BoxKey): (read: pull.Source<Buffer>) => pull.Source<Buffer> {
  return (read) => new Sealing(read, new Sealer(key, nonce)).source
}

/** Bytes above which nothing more is waited for. */
const BATCH = 65_536

class Sealing {
  readonly #read: pull.Source<Buffer>
  readonly #sealer: Sealer
  #pieces: Buffer[] = []
  #length = 0
  #asked: pull.SourceCallback<Buffer> | undefined
  #end: true | Error | undefined
  #reading = false
  #waiting = false

  constructor(read: pull.Source<Buffer>, sealer: Sealer) {
    this.#read = read
    this.#sealer = sealer
  }

  readonly source: pull.Source<Buffer> = (abort, callback) => {
    if (isEnd(abort)) {
      this.#end ??= abort
      this.#pieces = []
      this.#length = 0
      this.#read(abort, callback)
      return
    }
    this.#asked = callback
    if (this.#length > 0 || this.#end !== undefined) this.#flush()
    else this.#gather()
  }

  /** Takes all that is there, without growing the stack. */
  #gather(): void {
    let more = true
    while (more && !this.#reading && this.#end === undefined && this.#length < BATCH) {
      more = false
      let answered = false
      this.#reading = true
      this.#read(null, (end, piece) => {
        this.#reading = false
        this.#take(end, piece)
        if (answered) this.#gather()
        else more = true
      })
      answered = true
    }
    this.#serve()
  }

  #take(end: pull.EndOrError, piece: Buffer | undefined): void {
    if (isEnd(end)) this.#end ??= end
    else if (piece) {
      this.#pieces.push(piece)
      this.#length += piece.length
    }
  }

  /** A packet of a header alone is muxrpc's goodbye: whoever said it may close the socket before the next turn. */
  #serve(): void {
    if (this.#end !== undefined || this.#length >= BATCH || this.#pieces.at(-1)?.length === PACKET_HEADER) this.#flush()
    else if (this.#length > 0 && !this.#waiting) {
      this.#waiting = true
      process.nextTick(() => {
        this.#waiting = false
        this.#flush()
      })
    }
  }

  #flush(): void {
    const asked = this.#asked
    if (!asked || (this.#length === 0 && this.#end === undefined)) return
    this.#asked = undefined
    const [first, ...others] = this.#pieces
    if (first && this.#length > 0) {
      const sealed = this.#sealer.seal(others.length === 0 ? first : Buffer.concat(this.#pieces))
      this.#pieces = []
      this.#length = 0
      asked(null, sealed)
    } else if (this.#end === true && !this.#sealer.done) asked(null, this.#sealer.goodbye())
    else asked(this.#end ?? true)
  }
}

class Sealer {
  /** Whether the goodbye has been said. */
  done = false
  readonly #key: Uint8Array
  readonly #nonce: Uint8Array
  readonly #bodyNonce: Uint8Array
  readonly #head = Buffer.alloc(HEADER_BODY)
  readonly #mac = this.#head.subarray(2)

  constructor(key: Uint8Array, nonce: Uint8Array) {
    this.#key = key
    this.#nonce = Uint8Array.from(nonce)
    this.#bodyNonce = Uint8Array.from(nonce)
  }

  seal(piece: Buffer): Buffer {
    const out = Buffer.allocUnsafe(piece.length + Math.ceil(piece.length / BOX) * HEADER)
    for (let from = 0, to = 0; from < piece.length; from += BOX) {
      const body = piece.subarray(from, from + BOX)
      this.#bodyNonce.set(this.#nonce)
      increment(this.#bodyNonce)
      const start = to + HEADER
      to = start + body.length
      sodium.crypto_secretbox_detached(out.subarray(start, to), this.#mac, body, this.#bodyNonce, this.#key)
      this.#head.writeUInt16BE(body.length, 0)
      sodium.crypto_secretbox_easy(out.subarray(start - HEADER, start), this.#head, this.#nonce, this.#key)
      this.#nonce.set(this.#bodyNonce)
      increment(this.#nonce)
    }
    return out
  }

  goodbye(): Buffer {
    this.done = true
    const out = Buffer.allocUnsafe(HEADER)
    sodium.crypto_secretbox_easy(out, Buffer.alloc(HEADER_BODY), this.#nonce, this.#key)
    return out
  }
}

/** Opens boxes: every whole one that is there comes out in one piece. Ends with an error where the goodbye is missing. */
export function opening({ key, nonce }: BoxKey): (read: pull.Source<Buffer>) => pull.Source<Buffer> {
  const opener = new Opener(key, nonce)
  return (read) => {
    let ended: true | Error | undefined
    const fail = (error: Error, callback: pull.SourceCallback<Buffer>): void => {
      ended = error
      read(error, () => callback(error))
    }
    const next: pull.Source<Buffer> = (abort, callback) => {
      if (ended !== undefined) callback(ended)
      else if (isEnd(abort)) read(abort, callback)
      else {
        read(null, (end, piece) => {
          if (isEnd(end) || piece === undefined) {
            ended = end === true || !isEnd(end) ? invalid('no goodbye before its end') : end
            callback(ended)
            return
          }
          const opened = opener.open(piece)
          if (opened === undefined) fail(invalid('bytes that are no box for us'), callback)
          else if (opener.saidGoodbye && opened.length === 0) callback((ended = true))
          else if (opened.length === 0) next(null, callback)
          else {
            if (opener.saidGoodbye) ended = true
            callback(null, opened)
          }
        })
      }
    }
    return next
  }
}

class Opener {
  saidGoodbye = false
  readonly #key: Uint8Array
  readonly #nonce: Uint8Array
  readonly #head = Buffer.alloc(HEADER_BODY)
  readonly #mac = this.#head.subarray(2)
  /** Bytes that are no whole box yet. */
  #rest: Buffer = Buffer.alloc(0)
  /** The length of the next body, once its header has been opened. */
  #body: number | undefined

  constructor(key: Uint8Array, nonce: Uint8Array) {
    this.#key = key
    this.#nonce = Uint8Array.from(nonce)
  }

  /** What the boxes that are whole by now hold, undefined where one is not ours. */
  open(piece: Buffer): Buffer | undefined {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece])
    const out = Buffer.allocUnsafe(bytes.length)
    let [from, to] = [0, 0]
    while (!this.saidGoodbye) {
      if (this.#body === undefined) {
        if (bytes.length - from < HEADER) break
        if (!this.#openHeader(bytes.subarray(from, from + HEADER))) return undefined
        from += HEADER
        continue
      }
      const end = from + this.#body
      if (bytes.length < end) break
      const body = out.subarray(to, to + this.#body)
      if (!sodium.crypto_secretbox_open_detached(body, bytes.subarray(from, end), this.#mac, this.#nonce, this.#key))
        return undefined
      increment(this.#nonce)
      from = end
      to += this.#body
      this.#body = undefined
    }
    this.#rest = bytes.subarray(from)
    return out.subarray(0, to)
  }

  #openHeader(header: Buffer): boolean {
    if (!sodium.crypto_secretbox_open_easy(this.#head, header, this.#nonce, this.#key)) return false
    increment(this.#nonce)
    if (this.#head.every((byte) => byte === 0)) this.saidGoodbye = true
    else this.#body = this.#head.readUInt16BE(0)
    return this.#body === undefined || this.#body <= BOX
  }
}
