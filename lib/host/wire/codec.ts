import type { Codec, Packet } from 'muxrpc'
import type pull from 'pull-stream'
import { z } from 'zod'
import type { MarmaladeError } from '../../base/index.ts'
import type { Gate } from './credit.ts'
import { isCode } from './errors.ts'
import { Guard } from './guard.ts'
import { FrameReader, goodbye, writeFrame } from './packets.ts'
import type { Message } from './packets.ts'
import { BODY, Encoded, encode } from './values.ts'

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

/**
 * muxrpc's codec, standing guard over muxrpc: packet-stream trusts its peer (a `null` where it expects a call brings the process down, late
 * packets are printed, nothing is bounded, errors carry stacks). Only packets that muxrpc can take reach it, with bodies bounded;
 * only `{code, message}` leaves of an error.
 */
export function guardingCodec(events: CodecEvents): Codec {
  const guard = new Guard()
  const inward = new Inward(guard, events)
  return (packets) => ({
    source: outward(packets.source, guard, inward, events),
    sink: (read) => {
      inward.read = read
      packets.sink(inward.source)
    },
  })
}

/** pull-stream's `null` or `false` means that it goes on. */
const isEnd = (end: pull.EndOrError): end is true | Error => end !== null && end !== false

function outward(read: pull.Source<Packet>, guard: Guard, inward: Inward, events: CodecEvents): pull.Source<Buffer> {
  function take(packet: Packet): Buffer | undefined {
    if (packet === 'GOODBYE') return goodbye()
    const { send, inject } = guard.sent(packet)
    if (inject) inward.inject(inject)
    if (!send) return undefined
    if (send.value instanceof Encoded) events.outflow.grant(send.value.weight)
    return writeFrame(send, bodyOf(send))
  }
  return function next(abort, callback) {
    read(abort, (end, packet) => {
      if (isEnd(end) || packet === undefined) {
        callback(end)
        return
      }
      const frame = take(packet)
      if (frame) callback(null, frame)
      else next(null, callback)
      if (packet === 'GOODBYE') events.onGoodbyeSent()
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

/** Bytes to packets, and packets put in between by the guard, in the order that muxrpc asks for them. */
class Inward {
  read: pull.Source<Buffer> | undefined
  readonly #guard: Guard
  readonly #events: CodecEvents
  readonly #frames = new FrameReader()
  readonly #injected: Packet[] = []
  #asked: pull.SourceCallback<Packet> | undefined
  #end: true | Error | undefined
  #reading = false
  #serving = false

  constructor(guard: Guard, events: CodecEvents) {
    this.#guard = guard
    this.#events = events
  }

  inject(packet: Packet): void {
    this.#injected.push(packet)
    this.#serve()
  }

  readonly source: pull.Source<Packet> = (abort, callback) => {
    if (isEnd(abort)) {
      this.#end ??= abort
      this.read?.(abort, (end) => callback(end))
      return
    }
    this.#asked = callback
    this.#serve()
  }

  /** Answers what is asked as long as there is something, without growing the stack. */
  #serve(): void {
    if (this.#serving) return
    this.#serving = true
    while (this.#asked) {
      const packet = this.#next()
      if (packet === undefined && this.#end === undefined) {
        if (this.#reading) break
        this.#more()
        continue
      }
      const asked = this.#asked
      this.#asked = undefined
      if (packet === undefined) asked(this.#end ?? true)
      else asked(null, packet)
    }
    this.#serving = false
  }

  #next(): Packet | undefined {
    const injected = this.#injected.shift()
    if (injected !== undefined || this.#end !== undefined) return injected
    try {
      for (;;) {
        const frame = this.#frames.take()
        if (frame === undefined) return undefined
        if (frame === 'goodbye') return this.#goodbye()
        const packet = this.#guard.received(frame.message, frame.bytes)
        if (packet) return packet
      }
    } catch (error) {
      // FrameReader and Guard throw nothing else.
      this.#fail(error as MarmaladeError)
      return undefined
    }
  }

  #goodbye(): Packet {
    this.#end = true
    this.#events.onGoodbye()
    return 'GOODBYE'
  }
  #fail(error: MarmaladeError): void {
    this.#end = error
    this.#events.onInvalid(error)
    this.read?.(error, () => undefined)
  }

  #more(): void {
    this.#reading = true
    this.read?.(null, (end, piece) => {
      this.#reading = false
      if (isEnd(end)) this.#end ??= end
      else if (piece) this.#frames.put(piece)
      this.#serve()
    })
  }
}
