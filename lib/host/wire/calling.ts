import type { Stream } from 'muxrpc'
import { MarmaladeError } from '../../base/index.ts'
import { isMethod } from '../contract.ts'
import type { AsyncMethod, CallOptions, Contract, Duplex, DuplexMethod, Remote, SourceMethod } from '../types.ts'
import { drainInto, granter, items } from './channel.ts'
import type { Channel } from './channel.ts'
import { Gate, WINDOW } from './credit.ts'
import { Inbox } from './inbox.ts'
import { Pipe } from './pipe.ts'
import { toWire } from './errors.ts'
import { decode, encode, Encoded, BODY, MAX_BODY } from './values.ts'

/** What a caller needs of its connection. */
export interface Line extends Channel {
  readonly stream: Stream
  /** @throws MarmaladeError why the connection has ended, where it has */
  check(): void
  /** Tells the far side that nobody waits for a call of ours any more. */
  sendCancel(call: number): void
}

/** The far side's methods by a contract. */
export function remoteOf<C extends Contract>(contract: C, line: Line, prefix: readonly string[] = []): Remote<C> {
  const entries = Object.entries(contract).map(([name, entry]) => {
    const path = [...prefix, name]
    return [name, isMethod(entry) ? caller(path, entry, line) : remoteOf(entry, line, path)] as const
  })
  // Each entry is the function that Remote says for its method: see caller().
  return Object.fromEntries(entries) as unknown as Remote<C>
}

function caller(path: readonly string[], method: Contract[string], line: Line) {
  if (!isMethod(method)) throw new TypeError('a namespace is no method')
  switch (method.kind) {
    case 'async':
      return (args?: unknown, options?: CallOptions) => callAsync(path, method, line, args, options)
    case 'source':
      return (args?: unknown, options?: CallOptions) => callSource(path, method, line, args, options)
    case 'duplex':
      return (args?: unknown, options?: CallOptions) => callDuplex(path, method, line, args, options)
  }
}

/** Arguments as JSON, `undefined` left out. @throws MarmaladeError ARGUMENTS_INVALID, VALUE_TOO_LARGE */
function encodeArgs(path: readonly string[], args: unknown): Encoded {
  let text: string
  try {
    text = JSON.stringify(args ?? {})
  } catch (cause) {
    throw new MarmaladeError('ARGUMENTS_INVALID', `${path.join('.')}: the arguments are no JSON`, { cause })
  }
  const encoded = new Encoded(BODY.json, Buffer.from(text))
  if (encoded.body.length > MAX_BODY - 1024) {
    throw new MarmaladeError('VALUE_TOO_LARGE', `${path.join('.')}: ${encoded.body.length} bytes of arguments`)
  }
  return encoded
}

const cancelled = () => new MarmaladeError('CANCELLED', 'the call was given up')

async function callAsync(
  path: readonly string[],
  method: AsyncMethod,
  line: Line,
  given: unknown,
  options: CallOptions = {},
): Promise<unknown> {
  const args = encodeArgs(path, given)
  const { signal } = options
  if (signal?.aborted) throw cancelled()
  line.check()
  const call = signal && line.calls.number()
  const value = await new Promise<unknown>((resolve, reject) => {
    const giveUp = (): void => {
      if (call !== undefined) line.sendCancel(call)
      reject(cancelled())
    }
    signal?.addEventListener('abort', giveUp, { once: true })
    line.stream.remoteCall('async', path, call === undefined ? [args] : [args, { call }], (error, answer) => {
      signal?.removeEventListener('abort', giveUp)
      if (error !== null && error !== undefined) reject(line.failure(error))
      else resolve(answer)
    })
  })
  return decode(method.result, value)
}

async function* callSource(
  path: readonly string[],
  method: SourceMethod,
  line: Line,
  given: unknown,
  options: CallOptions = {},
): AsyncGenerator<unknown, void, undefined> {
  const args = encodeArgs(path, given)
  const { signal } = options
  if (signal?.aborted) throw cancelled()
  line.check()
  const call = line.calls.number()
  const inbox = new Inbox(granter((weight) => line.sendCredit(call, 'handler', weight)))
  const drain = drainInto(inbox, line)
  const giveUp = (): void => {
    inbox.fail(cancelled())
    drain.stop()
  }
  signal?.addEventListener('abort', giveUp, { once: true })
  drain.sink(line.stream.remoteCall('source', path, [args, { call, credit: WINDOW }]))
  yield* items(inbox, method.item, () => {
    signal?.removeEventListener('abort', giveUp)
    drain.stop()
  })
}

function callDuplex(
  path: readonly string[],
  method: DuplexMethod,
  line: Line,
  given: unknown,
  options: CallOptions = {},
): Duplex<unknown, unknown> {
  const args = encodeArgs(path, given)
  const { signal } = options
  if (signal?.aborted) throw cancelled()
  line.check()
  const call = line.calls.number()
  const gate = new Gate(WINDOW)
  line.calls.keepMade(call, gate)
  const pipe = new Pipe(line, {
    path: path.join('.'),
    gate,
    grant: granter((weight) => line.sendCredit(call, 'handler', weight)),
    report: toWire,
    // When the handler is through, the call is.
    onTheyEnded: (error) => over(error ?? new MarmaladeError('CLOSED', `${path.join('.')} has ended`)),
    onOver: (reason) => over(reason),
  })
  const over = (reason: MarmaladeError): void => {
    signal?.removeEventListener('abort', giveUp)
    line.calls.forgetMade(call)
    gate.fail(reason)
    pipe.finish()
  }
  /** Nobody reads here any more: the handler is told, so that it does not wait for credit for ever. */
  const leave = (reason: MarmaladeError): void => {
    if (!pipe.theyEnded) line.sendCancel(call)
    pipe.inbox.fail(reason)
    over(reason)
  }
  const giveUp = (): void => leave(cancelled())
  signal?.addEventListener('abort', giveUp, { once: true })
  const wire = line.stream.remoteCall('duplex', path, [args, { call, credit: WINDOW }])
  wire.sink(pipe.duplex.source)
  pipe.duplex.sink(wire.source)
  return {
    source: items(pipe.inbox, method.down, () => leave(new MarmaladeError('CLOSED', 'the source was left'))),
    push: async (item) => pipe.outbox.push(encode(method.up, item)),
    end: () => pipe.finish(),
  }
}
