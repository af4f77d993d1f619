import type { Callback, Permissions } from 'muxrpc'
import { z } from 'zod'
import { MarmaladeError } from '../../base/index.ts'
import type { Channel } from './channel.ts'
import { named, serveAsync, serveDuplex, serveSource } from './serve-calls.ts'
import type { MethodTable, Reception, Registered } from './registered.ts'
import { encode } from './values.ts'

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
    mapValues(system, (method) => serveSystem(method, channel)),
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
  (method: (args: unknown) => object, { outflow }: Channel) =>
  (...given: unknown[]): void => {
    const callback = given.pop() as Callback
    const answer = encode(anyObject, method(given[0]))
    // It waits for nothing, and is granted back when it leaves as all else is.
    outflow.spend(answer.weight)
    callback(null, answer)
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
