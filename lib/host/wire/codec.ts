import type { Codec, Packet } from 'muxrpc'
import type pull from 'pull-stream'
import { z } from 'zod'
import { MarmaladeError } from '../../base/index.ts'
import type { Gate } from './credit.ts'
import { isCode } from './errors.ts'
import { checkOpening, FrameReader, goodbye, invalid, writeFrame } from './packets.ts'
import type { Message } from './packets.ts'
import { Arrived, BODY, Encoded, encode } from './values.ts'

/** Calls of the far side whose answers have not gone out, and streams of both sides, that one connection may have. */
const MOST_OPEN = 1024

/** What a connection hears of its packets. */
export interface CodecEvents {
  /** Room for what goes out: each value is granted back when the socket takes it. */
  readonly outflow: Gate
  /** The far side said goodbye before it ended. */
  onGoodbye(): void
  /** Our goodbye has been handed to the socket. */
  onGoodbyeSent(): void
  /** The bytes that came are no muxrpc, or too much is open: the connection cannot go on. */
  onInvalid(error: MarmaladeError): void
}

interface OpenStream {
  kind: string
  weEnded: boolean
  theyEnded: boolean
}

/**
 * muxrpc's codec, standing guard over muxrpc: packet-stream trusts its peer (a `null` where it expects a call brings the process down, late
 * packets are printed, nothing is bounded, errors carry stacks). Only packets that muxrpc can take reach it, with bodies bounded;
 * only `{code, message}` leaves of an error.
 */
export function guardingCodec(events: CodecEvents): Codec {
  const guard = new Guard()
  return (packets) => ({
    source: outward(packets.source, guard, events),
    sink: (read) => {
      packets.sink(inward(read, guard, events))
    },
  })
}

function outward(read: pull.Source<Packet>, guard: Guard, events: CodecEvents): pull.Source<Buffer> {
  return (abort, callback) => {
    read(abort, (end, packet) => {
      if (packet === undefined || (end !== null && end !== false)) {
        callback(end)
      } else if (packet === 'GOODBYE') {
        callback(null, goodbye())
        events.onGoodbyeSent()
      } else {
        guard.sent(packet)
        if (packet.value instanceof Encoded) events.outflow.grant(packet.value.weight)
        callback(null, writeFrame(packet, bodyOf(packet)))
      }
    })
  }
}

function bodyOf({ value, end }: Message): Encoded {
  if (value instanceof Encoded) return value
  if (end) return encode(anything, value === true ? true : errorBody(value))
  return new Encoded(BODY.json, Buffer.from(openingText(value)))
}
const anything = z.json()

/** muxrpc made an error by itself only where a call is of another kind than the method, or none at all. */
function errorBody(value: unknown): { code: string; message: string } {
  const { name, message } = value as { name?: unknown; message?: unknown }
  if (isCode(name)) return { code: name, message: String(message) }
  return { code: 'METHOD_UNKNOWN', message: 'there is no such method of that kind: see what `manifest` answers' }
}

/** The opening of one of our calls, its arguments encoded before. */
function openingText(value: unknown): string {
  const { name, args, type } = value as { name: string[]; args: unknown[]; type?: string }
  const texts = args.map((arg) => (arg instanceof Encoded ? arg.body.toString() : JSON.stringify(arg)))
  const kind = type === undefined ? '' : `,"type":${JSON.stringify(type)}`
  return `{"name":${JSON.stringify(name)},"args":[${texts.join(',')}]${kind}}`
}

function inward(read: pull.Source<Buffer>, guard: Guard, events: CodecEvents): pull.Source<Packet> {
  const frames = new FrameReader()
  let ended = false

  function next(): Packet | undefined {
    for (;;) {
      const frame = frames.take()
      if (frame === undefined) return undefined
      if (frame === 'goodbye') {
        ended = true
        events.onGoodbye()
        return 'GOODBYE'
      }
      const packet = guard.received(frame.message, frame.bytes)
      if (packet) return packet
    }
  }

  return (abort, callback) => {
    if (abort !== null && abort !== false) {
      ended = true
      read(abort, (end) => callback(end))
      return
    }
    const attempt = (): boolean => {
      if (ended) {
        callback(true)
        return true
      }
      let packet: Packet | undefined
      try {
        packet = next()
      } catch (error) {
        ended = true
        events.onInvalid(error as MarmaladeError)
        callback(error as MarmaladeError)
        return true
      }
      if (packet !== undefined) callback(null, packet)
      return packet !== undefined
    }
    pullUntil(read, attempt, (piece) => frames.put(piece), callback)
  }
}

/** Reads pieces until `attempt` has answered, without growing the stack where they are there at once. */
function pullUntil(
  read: pull.Source<Buffer>,
  attempt: () => boolean,
  put: (piece: Buffer) => void,
  callback: pull.SourceCallback<Packet>,
): void {
  let looping = true
  let answered = true
  const onPiece: pull.SourceCallback<Buffer> = (end, piece) => {
    if (end !== null && end !== false) {
      callback(end)
      return
    }
    if (piece) put(piece)
    answered = true
    if (!looping) loop()
  }
  function loop(): void {
    looping = true
    while (answered) {
      if (attempt()) return
      answered = false
      read(null, onPiece)
    }
    looping = false
  }
  loop()
}

/** Follows which calls are open, so that muxrpc sees no packet it has no place for. */
class Guard {
  #ours = new Map<number, OpenStream>()
  #theirs = new Map<number, OpenStream>()
  #unanswered = 0

  sent(message: Message): void {
    if (!message.stream) {
      if (message.req < 0) this.#unanswered--
      return
    }
    const streams = message.req > 0 ? this.#ours : this.#theirs
    const id = Math.abs(message.req)
    const open = streams.get(id)
    if (!open && message.req > 0 && !message.end) {
      const { type } = message.value as { type?: string }
      streams.set(id, { kind: type ?? '', weEnded: false, theyEnded: false })
    } else if (open && message.end) {
      open.weEnded = true
      if (open.theyEnded) streams.delete(id)
    }
  }

  /** The packet for muxrpc, or nothing where it has no use for it. @throws MarmaladeError PROTOCOL_INVALID, CONNECTION_OVERRUN */
  received(message: Message, bytes: number): Message | undefined {
    if (message.req === 0) return undefined
    return message.stream ? this.#stream(message, bytes) : this.#request(message)
  }

  #request(message: Message): Message | undefined {
    if (message.req < 0) return message
    if (message.end) throw invalid('a call that is an error')
    this.#unanswered++
    this.#checkOpen()
    return { ...message, value: checkOpening(message.value) }
  }

  #stream(message: Message, bytes: number): Message | undefined {
    const streams = message.req < 0 ? this.#ours : this.#theirs
    const id = Math.abs(message.req)
    const open = streams.get(id)
    if (!open) return message.req > 0 && !message.end ? this.#opened(message, id) : undefined
    if (open.theyEnded) return undefined
    if (message.end) {
      open.theyEnded = true
      if (open.weEnded) streams.delete(id)
      return message
    }
    // The caller of a source has nothing to say on it; muxrpc would keep it for ever.
    if (message.req > 0 && open.kind !== 'duplex') return undefined
    return { ...message, value: new Arrived(message.value, bytes) }
  }

  #opened(message: Message, id: number): Message {
    const opening = checkOpening(message.value)
    this.#theirs.set(id, { kind: opening.type ?? '', weEnded: false, theyEnded: false })
    this.#checkOpen()
    return { ...message, value: opening }
  }

  #checkOpen(): void {
    if (this.#unanswered + this.#theirs.size <= MOST_OPEN) return
    throw new MarmaladeError('CONNECTION_OVERRUN', `the other side left more than ${MOST_OPEN} calls open`)
  }
}
