import { MarmaladeError } from '../../base/index.ts'
import { checkOpening, invalid } from './packets.ts'
import type { Message } from './packets.ts'
import { Arrived, Ended } from './values.ts'

/** Calls of the far side whose answers have not gone out, and streams of both sides, that one connection may have. */
const MOST_OPEN = 1024

interface OpenStream {
  readonly duplex: boolean
  /** Whether the wire has carried the end of each direction. */
  weEnded: boolean
  theyEnded: boolean
  /** Whether muxrpc has ended its side: then it waits for the far side's end itself. */
  muxEnded: boolean
}

/** What becomes of a packet that muxrpc sends. */
export interface Outgoing {
  /** Goes to the far side; nothing, where the far side has been told already. */
  readonly send: Message | undefined
  /** Goes back to muxrpc, as if the far side had sent it. */
  readonly inject: Message | undefined
}

/** Follows which calls are open, so that muxrpc sees no packet it has no place for, and ends duplex calls as Ended says. */
export class Guard {
  readonly #ours = new Map<number, OpenStream>()
  readonly #theirs = new Map<number, OpenStream>()
  #unanswered = 0

  sent(message: Message): Outgoing {
    if (!message.stream) {
      if (message.req < 0) this.#unanswered--
      return { send: message, inject: undefined }
    }
    const streams = message.req > 0 ? this.#ours : this.#theirs
    const id = Math.abs(message.req)
    const open = streams.get(id)
    if (!open) {
      if (message.req > 0 && !message.end) streams.set(id, opened((message.value as { type?: unknown }).type))
      return { send: message, inject: undefined }
    }
    if (message.value instanceof Ended) {
      open.weEnded = true
      return { send: { ...message, end: true, value: message.value.reason }, inject: undefined }
    }
    return message.end ? this.#sentEnd(message, streams, open) : { send: message, inject: undefined }
  }

  #sentEnd(message: Message, streams: Map<number, OpenStream>, open: OpenStream): Outgoing {
    const send = open.weEnded ? undefined : message
    open.weEnded = true
    open.muxEnded = true
    if (!open.theyEnded) return { send, inject: undefined }
    streams.delete(Math.abs(message.req))
    const inject = { req: -message.req, stream: true, end: true, value: true }
    return { send, inject: open.duplex ? inject : undefined }
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
    const open = streams.get(Math.abs(message.req))
    if (!open) return message.req > 0 && !message.end ? this.#opening(message) : undefined
    if (open.theyEnded) return undefined
    if (message.end) return this.#receivedEnd(message, streams, open)
    // The caller of a source has nothing to say on it; muxrpc would keep it for ever.
    if (message.req > 0 && !open.duplex) return undefined
    return { ...message, value: new Arrived(message.value, bytes) }
  }

  #receivedEnd(message: Message, streams: Map<number, OpenStream>, open: OpenStream): Message {
    open.theyEnded = true
    if (open.muxEnded) streams.delete(Math.abs(message.req))
    if (open.muxEnded || !open.duplex) return message
    return { ...message, end: false, value: new Ended(message.value) }
  }

  #opening(message: Message): Message {
    const opening = checkOpening(message.value)
    this.#theirs.set(message.req, opened(opening.type))
    this.#checkOpen()
    return { ...message, value: opening }
  }

  #checkOpen(): void {
    if (this.#unanswered + this.#theirs.size <= MOST_OPEN) return
    throw new MarmaladeError('CONNECTION_OVERRUN', `the other side left more than ${MOST_OPEN} calls open`)
  }
}

const opened = (type: unknown): OpenStream => ({
  duplex: type === 'duplex',
  weEnded: false,
  theyEnded: false,
  muxEnded: false,
})
