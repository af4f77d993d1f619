import type pull from 'pull-stream'
import { MarmaladeError } from '../../base/index.ts'
import type { Duplex, DuplexMethod, Limits, SourceMethod } from '../types.ts'
import type { ServedCall } from './calls.ts'
import { granter, items } from './channel.ts'
import type { Channel } from './channel.ts'
import type { WireError } from './errors.ts'
import { Outbox } from './outbox.ts'
import { Pipe } from './pipe.ts'
import type { Reception, Registered } from './registered.ts'
import { encode } from './values.ts'
import type { Encoded } from './values.ts'

/** muxrpc keeps the name of an error that it was thrown, so the code travels there. */
export function named(error: MarmaladeError): MarmaladeError {
  error.name = error.code
  return error
}

/** A call whose far side wants no more. */
const gaveUp = () => new MarmaladeError('CANCELLED', 'the caller gave up')

/** Whether a handler failed only because its call was given up: whatever it then throws is no news. */
function cutShort({ signal }: ServedCall, error: unknown): boolean {
  return signal.aborted && (error === signal.reason || !(error instanceof MarmaladeError))
}

function begin(channel: Channel, extra: unknown): ServedCall {
  try {
    return channel.calls.begin(extra)
  } catch (error) {
    // muxrpc takes what is thrown here for the stream's error.
    throw error instanceof MarmaladeError ? named(error) : error
  }
}

/** Answers an async call. @throws MarmaladeError what the call is refused with, or what its handler fails with */
export async function serveAsync(
  registered: Registered,
  channel: Channel,
  reception: Reception,
  [given, extra]: unknown[],
): Promise<Encoded> {
  if (registered.method.kind !== 'async') throw new TypeError('an async method is served as one')
  const call = channel.calls.begin(extra)
  try {
    const { args, context } = await reception.admit(registered, given, call.signal)
    const value = encode(registered.method.result, await registered.handler(args, context, noLink))
    await channel.outflow.take(value.weight)
    return value
  } finally {
    call.done()
  }
}

/** Only duplex handlers are given a link. */
const noLink: Duplex<unknown, unknown> = {
  source: { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }) },
  push: () => Promise.reject(new MarmaladeError('CLOSED', 'only a duplex call has a link')),
  end: () => undefined,
}

/** Answers a source: items as credit and the socket let them out. */
export function serveSource(
  registered: Registered,
  method: SourceMethod,
  channel: Channel,
  reception: Reception,
  given: unknown,
  extra: unknown,
): pull.Source<unknown> {
  const call = begin(channel, extra)
  const outbox = new Outbox([call.gate, channel.outflow], () => call.abort(gaveUp()))

  async function run(): Promise<void> {
    const { args, context } = await reception.admit(registered, given, call.signal)
    const count = reception.limited(context) ? counter(registered.path, method.limits) : () => undefined
    // The contract says that a handler of a source gives an async iterable.
    for await (const item of (await registered.handler(args, context, noLink)) as AsyncIterable<unknown>) {
      const encoded = encode(method.item, item)
      count(encoded)
      await outbox.push(encoded)
    }
  }

  run()
    .then(
      () => outbox.end(),
      (error: unknown) => outbox.end(cutShort(call, error) ? undefined : reception.report(error, registered.path)),
    )
    .finally(() => call.done())
  return outbox.source
}

/** Counts what one call has given. The function throws STREAM_LIMIT past the most. */
function counter(path: string, limits: Limits): (item: Encoded) => void {
  let count = 0
  let bytes = 0
  return (item) => {
    count++
    bytes += item.body.length
    if (count > limits.items || bytes > limits.bytes) {
      throw new MarmaladeError(
        'STREAM_LIMIT',
        `${path} gives at most ${limits.items} items and ${limits.bytes} bytes at once`,
      )
    }
  }
}

/** Answers a duplex call. Its handler's end is the call's. */
export function serveDuplex(
  registered: Registered,
  method: DuplexMethod,
  channel: Channel,
  reception: Reception,
  given: unknown,
  extra: unknown,
): pull.Duplex<unknown, unknown> {
  const call = begin(channel, extra)
  const { id } = call
  const report = (error: unknown): WireError => reception.report(error, registered.path)
  const pipe = new Pipe(channel, {
    path: registered.path,
    gate: call.gate,
    grant: id === undefined ? () => undefined : granter((weight) => channel.sendCredit(id, 'caller', weight)),
    report,
    // A plain caller of muxrpc ends both directions at once; one that numbered its call says so when it gives up.
    onTheyEnded: (error) => {
      if (id === undefined || error) call.abort(error ?? gaveUp())
    },
    onOver: (reason) => call.abort(reason),
  })
  const link: Duplex<unknown, unknown> = {
    source: items(pipe.inbox, method.up, () => undefined),
    push: async (item) => pipe.outbox.push(encode(method.down, item)),
    end: () => pipe.finish(),
  }
  reception
    .admit(registered, given, call.signal)
    .then(async ({ args, context }) => registered.handler(args, context, link))
    .then(
      () => pipe.finish(),
      (error: unknown) => pipe.finish(cutShort(call, error) ? undefined : report(error)),
    )
    .finally(() => {
      pipe.inbox.drop()
      call.done()
    })
  return pipe.duplex
}
