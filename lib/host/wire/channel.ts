import pull from 'pull-stream'
import type { MarmaladeError } from '../../base/index.ts'
import type { Received, Shape } from '../types.ts'
import type { OpenCalls } from './calls.ts'
import { WINDOW } from './credit.ts'
import type { Gate } from './credit.ts'
import type { Inbox } from './inbox.ts'
import { decode } from './values.ts'

/** What serving and calling share of one connection. */
export interface Channel {
  /** Lets items out as the socket takes them. */
  readonly outflow: Gate
  readonly calls: OpenCalls
  /** Grants the far side credit for a call: to the handler of a call of ours, or to the caller of one that we serve. */
  sendCredit(call: number, to: 'handler' | 'caller', weight: number): void
  /** Whether nothing can go out any more: packet-stream prints what it is given after its end. */
  ended(): boolean
  /** What muxrpc reported, as an error with a code. */
  failure(error: unknown): MarmaladeError
}

/** Gives credit back in portions of half a window as items are taken. */
export function granter(send: (weight: number) => void): (weight: number) => void {
  let taken = 0
  return (weight) => {
    taken += weight
    if (taken < WINDOW / 2) return
    send(taken)
    taken = 0
  }
}

/** Takes all that a source gives, at once, into an inbox that bounds it; past the bound, or when stopped, it aborts the source. */
export function drainInto(
  inbox: Inbox,
  channel: Channel,
): { sink: (read: pull.Source<unknown>) => void; stop: () => void } {
  let source: pull.Source<unknown> | undefined
  const drain = pull.drain<unknown>(
    (item) => inbox.put(item),
    (error) => {
      if (error === null || error === true) inbox.end()
      else inbox.fail(channel.failure(error))
    },
  )
  return {
    sink: (read) => {
      source = read
      drain(read)
    },
    stop: () => {
      inbox.drop()
      source?.(true, () => undefined)
    },
  }
}

/** The items of an inbox, checked; `onLeave` when the reader is through, by the end, an error or of its own will. */
export async function* items<S extends Shape>(
  inbox: Inbox,
  shape: S,
  onLeave: () => void,
): AsyncGenerator<Received<S>, void, undefined> {
  try {
    for (;;) {
      const arrived = await inbox.next()
      if (!arrived) return
      yield decode(shape, arrived.value)
    }
  } finally {
    onLeave()
  }
}
