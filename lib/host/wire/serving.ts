import type pull from 'pull-stream'
import type { Callback, Permissions } from 'muxrpc'
import { z } from 'zod'
import { MarmaladeError } from '../../base/index.ts'
import type { AnyHandler, Context, Duplex, DuplexMethod, Limits, Method, SourceMethod } from '../types.ts'
import { ServedCall } from './calls.ts'
import { granter, items } from './channel.ts'
import type { Channel } from './channel.ts'
import { Outbox } from './outbox.ts'
import { Pipe } from './pipe.ts'
import { encode } from './values.ts'
import type { Encoded } from './values.ts'
import type { WireError } from './errors.ts'

/** A method with the function that answers it. */
export interface Registered {
  readonly path: string
  readonly method: Method
  readonly handler: AnyHandler
}
export type MethodTable = ReadonlyMap<string, Registered>

/** What the connection knows of its caller. */
export interface Reception {
  /** Lets a call in, or refuses it. @throws MarmaladeError NOT_ALLOWED, RATE_LIMITED, ARGUMENTS_INVALID, PLAYER_BLOCKED */
  admit(registered: Registered, args: unknown, signal: AbortSignal): Promise<{ args: unknown; context: Context }>
  /** Whether the most that a source may give binds this call. */
  limited(context: Context): boolean
  /** What the caller is told of an error; what it is not told is logged. */
  report(error: unknown, path: string): WireError
}

/** What muxrpc is handed to serve one connection. */
export interface LocalSide {
  readonly manifest: object
  readonly api: object
  readonly permissions: Permissions
}

/** What keeps the connection itself going, answered at once and to anyone: the arguments in, the answer out. */
export type SystemMethods = Readonly<Record<string, (args: unknown) => object>>

export function localSide(
  table: MethodTable,
  system: SystemMethods,
  channel: Channel,
  reception: Reception,
): LocalSide {
  const manifest = Object.assign(
    tree(table, ({ method }) => method.kind),
    mapValues(system, () => 'async'),
  )
  const api = Object.assign(
    tree(table, (registered) => serve(registered, channel, reception)),
    mapValues(system, serveSystem),
  )
  const permissions: Permissions = {
    pre: (path) =>
      table.has(path.join('.')) || (path.length === 1 && Object.hasOwn(system, path[0] ?? ''))
        ? undefined
        : named(new MarmaladeError('METHOD_UNKNOWN', `${path.join('.')}: there is no such method`)),
    test: () => undefined,
    post: () => undefined,
  }
  return { manifest, api, permissions }
}

const mapValues = <T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]))

const serveSystem =
  (method: (args: unknown) => object) =>
  (...given: unknown[]): void => {
    const callback = given.pop() as Callback
    callback(null, encode(anyObject, method(given[0])))
  }
const anyObject = z.looseObject({})

/** Dotted names as an object of objects, without a prototype: names come from strangers. */
export function tree<T>(
  table: MethodTable,
  leaf: (registered: Registered) => T,
): Record<string, T | Record<string, T>> {
  const top = Object.create(null) as Record<string, T | Record<string, T>>
  for (const registered of table.values()) {
    const [name = '', inner] = registered.path.split('.')
    if (inner === undefined) top[name] = leaf(registered)
    else top[name] = Object.assign(top[name] ?? (Object.create(null) as object), { [inner]: leaf(registered) })
  }
  return top
}

/** muxrpc keeps the name of an error that it was thrown, so the code travels there. */
function named(error: MarmaladeError): MarmaladeError {
  error.name = error.code
  return error
}

function serve(registered: Registered, channel: Channel, reception: Reception): (...given: unknown[]) => unknown {
  switch (registered.method.kind) {
    case 'async':
      return (...given) => {
        const callback = given.pop() as Callback
        serveAsync(registered, channel, reception, given).then(
          (value) => {
            if (!channel.ended()) callback(null, value)
          },
          (error: unknown) => {
            if (!channel.ended()) callback(reception.report(error, registered.path))
          },
        )
      }
    case 'source': {
      const { method } = registered
      return (args, extra) => serveSource(registered, method, channel, reception, args, extra)
    }
    case 'duplex': {
      const { method } = registered
      return (args, extra) => serveDuplex(registered, method, channel, reception, args, extra)
    }
  }
}

async function serveAsync(
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

function serveSource(
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

function serveDuplex(
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
