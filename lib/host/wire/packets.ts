import { MarmaladeError } from '../../base/index.ts'
import { BODY, Encoded, MAX_BODY } from './values.ts'

/** A packet of muxrpc after its goodbye has been told apart. */
export interface Message {
  req: number
  stream: boolean
  end: boolean
  value: unknown
}

/**
 * muxrpc's frame: one byte of flags (8 stream, 4 end or error, then the kind of the body), the body's length and the number of
 * the request as big-endian 32 bits, the body. Nine zero bytes are the goodbye.
 */
export const HEADER = 9
const STREAM = 8
const END = 4
const KIND = 3

export const goodbye = (): Buffer => Buffer.alloc(HEADER)

export function writeFrame(message: Message, body: Encoded): Buffer {
  const frame = Buffer.allocUnsafe(HEADER + body.body.length)
  frame[0] = (message.stream ? STREAM : 0) | (message.end ? END : 0) | body.kind
  frame.writeUInt32BE(body.body.length, 1)
  frame.writeInt32BE(message.req, 5)
  body.body.copy(frame, HEADER)
  return frame
}

/** Takes frames out of a byte stream that comes in pieces of any size. */
export class FrameReader {
  #pieces: Buffer[] = []
  #length = 0

  put(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#length += piece.length
  }

  /** The next whole frame, `goodbye`, or undefined until more bytes come. @throws MarmaladeError PROTOCOL_INVALID */
  take(): { message: Message; bytes: number } | 'goodbye' | undefined {
    if (this.#length < HEADER) return undefined
    const header = this.#gather(HEADER)
    const length = header.readUInt32BE(1)
    if (length > MAX_BODY) throw invalid(`a packet of ${length} bytes; ${MAX_BODY} is the most`)
    if (this.#length < HEADER + length) return undefined
    const frame = this.#gather(HEADER + length)
    this.#drop(HEADER + length)
    if (length === 0) return 'goodbye'
    const flags = frame.readUInt8(0)
    const message = { req: frame.readInt32BE(5), stream: (flags & STREAM) !== 0, end: (flags & END) !== 0 }
    const value = readBody(flags & KIND, frame.subarray(HEADER, HEADER + length))
    return { message: { ...message, value }, bytes: length }
  }

  /** Joins pieces until the first one has `bytes` bytes, each byte moved once or twice whatever the pieces. */
  #gather(bytes: number): Buffer {
    const [first] = this.#pieces
    if (first && first.length >= bytes) return first
    const joined: Buffer[] = []
    let length = 0
    while (length < bytes) {
      const piece = this.#pieces.shift()
      if (!piece) break
      joined.push(piece)
      length += piece.length
    }
    const whole = Buffer.concat(joined)
    this.#pieces.unshift(whole)
    return whole
  }
  #drop(bytes: number): void {
    const first = this.#pieces[0]
    if (first) this.#pieces[0] = first.subarray(bytes)
    if (this.#pieces[0]?.length === 0) this.#pieces.shift()
    this.#length -= bytes
  }
}

function readBody(kind: number, body: Buffer): unknown {
  if (kind === BODY.bytes) return body
  if (kind === BODY.text) return body.toString()
  if (kind !== BODY.json) throw invalid('a packet of an unknown kind')
  try {
    return JSON.parse(body.toString())
  } catch {
    throw invalid('a packet that is no JSON')
  }
}

export const invalid = (what: string) => new MarmaladeError('PROTOCOL_INVALID', `the other side sent ${what}`)

/** The packet that opens a call. */
export interface Opening {
  name: string[]
  args: unknown[]
  type?: string
}

/** A call's opening, of the shape that muxrpc can be handed without falling over. @throws MarmaladeError PROTOCOL_INVALID */
export function checkOpening(value: unknown): Opening {
  if (typeof value !== 'object' || value === null) throw invalid('a call that is no object')
  const { name, args, type } = value as Record<string, unknown>
  const path = typeof name === 'string' ? [name] : name
  if (!isPath(path)) throw invalid('a call without a method name')
  if (!Array.isArray(args) || args.length > 4) throw invalid('a call whose arguments are no short array')
  if (type !== undefined && typeof type !== 'string') throw invalid('a call of no kind')
  return { name: path, args: args as unknown[], ...(type !== undefined && { type }) }
}

function isPath(path: unknown): path is string[] {
  return (
    Array.isArray(path) &&
    path.length > 0 &&
    path.length <= 4 &&
    path.every((p) => typeof p === 'string' && p.length <= 64)
  )
}
