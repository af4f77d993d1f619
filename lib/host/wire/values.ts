import type { z } from 'zod'
import { MarmaladeError } from '../../base/index.ts'
import { isBytes } from '../contract.ts'
import type { Received, Shape } from '../types.ts'

/** The most bytes that the body of one packet may have, either way. */
export const MAX_BODY = 1024 * 1024
/** What an item weighs against credit beside its bytes, so that many small ones are bounded too. */
const ITEM_WEIGHT = 256

/** How muxrpc's packet header names the kind of a body. */
export const BODY = { bytes: 0, text: 1, json: 2 } as const
type BodyKind = (typeof BODY)[keyof typeof BODY]

/** A value ready for the wire: muxrpc passes it on unseen, the codec writes it. */
export class Encoded {
  readonly kind: BodyKind
  readonly body: Buffer

  constructor(kind: BodyKind, body: Buffer) {
    this.kind = kind
    this.body = body
  }
  get weight(): number {
    return this.body.length + ITEM_WEIGHT
  }
}

/** An item as it came, with its weight against the credit that was given for it. */
export class Arrived {
  readonly value: unknown
  readonly weight: number

  constructor(value: unknown, bytes: number) {
    this.value = value
    this.weight = bytes + ITEM_WEIGHT
  }
}

/**
 * The end of one direction of a duplex call. muxrpc is handed it as an item: it ends both directions at the end of one, and
 * forgets to tell the far side; the codec writes it as the end that it is, and reads it likewise.
 */
export class Ended {
  /** `true`, or the error as it is on the wire. */
  readonly reason: unknown

  constructor(reason: unknown) {
    this.reason = reason
  }
}

/**
 * A value as the wire carries it: bytes as they are, everything else as JSON, `undefined` as `null`.
 * @throws MarmaladeError RESULT_INVALID for what cannot travel, VALUE_TOO_LARGE above 1 MiB
 */
export function encode(shape: Shape, value: unknown): Encoded {
  const encoded = isBytes(shape) ? encodeBytes(value) : encodeJson(value)
  if (encoded.body.length > MAX_BODY) {
    throw new MarmaladeError('VALUE_TOO_LARGE', `${encoded.body.length} bytes in one packet; ${MAX_BODY} is the most`)
  }
  return encoded
}

function encodeBytes(value: unknown): Encoded {
  if (!(value instanceof Uint8Array)) throw new MarmaladeError('RESULT_INVALID', 'bytes must be a Uint8Array')
  if (value.length === 0) throw new MarmaladeError('RESULT_INVALID', 'muxrpc cannot carry empty bytes: leave them out')
  return new Encoded(BODY.bytes, Buffer.from(value.buffer, value.byteOffset, value.length))
}

function encodeJson(value: unknown): Encoded {
  if (value === '')
    throw new MarmaladeError('RESULT_INVALID', 'muxrpc cannot carry an empty string: put it in an object')
  if (typeof value === 'string') return new Encoded(BODY.text, Buffer.from(value))
  return new Encoded(BODY.json, Buffer.from(stringify(value)))
}

function stringify(value: unknown): string {
  try {
    // Typed as string, but undefined for functions and symbols.
    const text = JSON.stringify(value ?? null) as string | undefined
    if (text !== undefined) return text
  } catch (cause) {
    throw new MarmaladeError('RESULT_INVALID', 'a value is no JSON (a bigint or a circle)', { cause })
  }
  throw new MarmaladeError('RESULT_INVALID', `a ${typeof value} is no JSON`)
}

/** What came off the wire, checked by the contract. @throws MarmaladeError RESULT_INVALID */
export function decode<S extends Shape>(shape: S, value: unknown): Received<S> {
  // The conditional type Received<S> cannot be narrowed by these checks; each branch gives what it stands for.
  return (isBytes(shape) ? decodeBytes(value) : decodeJson(shape, value)) as Received<S>
}

function decodeBytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new MarmaladeError('RESULT_INVALID', 'the other node sent no bytes')
  return new Uint8Array(value.buffer, value.byteOffset, value.length)
}

function decodeJson(schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const asNothing = value === null ? schema.safeParse(undefined) : parsed
  if (asNothing.success) return asNothing.data
  throw new MarmaladeError('RESULT_INVALID', `the other node sent ${firstIssue(parsed.error)}`)
}

/** Arguments of a call, checked; none at all is an empty object. @throws MarmaladeError ARGUMENTS_INVALID */
export function checkArgs<A extends z.ZodType>(path: string, schema: A, value: unknown): z.output<A> {
  const parsed = schema.safeParse(value ?? {})
  if (parsed.success) return parsed.data
  throw new MarmaladeError('ARGUMENTS_INVALID', `${path}: ${firstIssue(parsed.error)}`)
}

/** The first thing wrong with a value, with its place in it. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]
  const place = issue?.path.map(String).join('.') ?? ''
  return `${place === '' ? 'a value' : place}: ${issue?.message ?? 'invalid'}`
}
