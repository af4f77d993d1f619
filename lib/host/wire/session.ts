import createMuxrpc from 'muxrpc'
import type { Muxrpc } from 'muxrpc'
import pull from 'pull-stream'
import { z } from 'zod'
import { MarmaladeError } from '../../base/index.ts'
import { async_, defineContract } from '../contract.ts'
import type { CallOptions, Contract, Remote } from '../types.ts'
import { OpenCalls } from './calls.ts'
import type { Running } from './calls.ts'
import { remoteOf } from './calling.ts'
import type { Line } from './calling.ts'
import { guardingCodec } from './codec.ts'
import { FIRST_OUTFLOW, Gate, OUTFLOW } from './credit.ts'
import { fromWire } from './errors.ts'
import { localSide } from './serving.ts'
import type { MethodTable, Reception } from './registered.ts'
import type { SystemMethods } from './serving.ts'

const creditArgs = z.object({
  call: z.int().min(0),
  to: z.enum(['handler', 'caller']),
  weight: z.int().min(1),
})
const cancelArgs = z.object({ call: z.int().min(0) })

/** What both ends of every connection answer, whatever their plugins. */
export const systemContract = defineContract({
  /** Whether the other side is alive. */
  ping: async_({ result: z.object({}), allow: 'stranger' }),
  /** Lets the sender of a stream go on. */
  credit: async_({ args: creditArgs, result: z.object({}), allow: 'stranger' }),
  /** Gives up a call that was made with a number. */
  cancel: async_({ args: cancelArgs, result: z.object({}), allow: 'stranger' }),
})

export interface SessionInit {
  /** The encrypted stream, or the local socket's. */
  readonly wire: pull.Duplex<Buffer, Buffer>
  readonly table: MethodTable
  readonly reception: Reception
  /** Calls of the far side that may be open at once. */
  readonly maxCalls: number
  readonly running: Running
  /** The far side has taken so much, in weight, of what it was sent. */
  onTaken?(weight: number): void
  /** Called once when no packet will come or go any more. */
  onEnd(reason: MarmaladeError): void
}

/** How long a goodbye may take to leave before the connection is cut without one, milliseconds. */
const GOODBYE_TIMEOUT = 250

/** One muxrpc session: serves the table of methods to the far side and calls the far side's. */
export class Session {
  readonly #rpc: Muxrpc
  readonly #calls: OpenCalls
  readonly #line: Line
  readonly #system: Remote<typeof systemContract>
  readonly #init: SessionInit
  #reason: MarmaladeError | undefined
  #saidGoodbye = false
  #tookSome = false
  #ended = false
  #goodbyeSent: () => void = () => undefined

  constructor(init: SessionInit) {
    this.#init = init
    this.#calls = new OpenCalls(init.maxCalls, init.running)
    const outflow = new Gate(FIRST_OUTFLOW)
    const channel = {
      outflow,
      calls: this.#calls,
      ended: () => this.#ended,
      sendCredit: (call: number, to: 'handler' | 'caller', weight: number) =>
        this.#tell('credit', { call, to, weight }),
      failure: (error: unknown) => this.#failure(error),
    }
    const local = localSide(init.table, this.#systemMethods(), channel, init.reception)
    this.#rpc = createMuxrpc(
      null,
      local.manifest,
      local.api,
      local.permissions,
      guardingCodec({
        outflow,
        onGoodbye: () => (this.#saidGoodbye = true),
        onGoodbyeSent: () => this.#goodbyeSent(),
        onInvalid: (error) => (this.#reason ??= error),
      }),
    )
    this.#line = {
      ...channel,
      stream: this.#rpc.stream,
      check: () => this.#check(),
      sendCancel: (call) => this.#tell('cancel', { call }),
    }
    this.#system = remoteOf(systemContract, this.#line)
    this.#rpc.on('closed', () => this.#end())
    pull(init.wire.source, this.#rpc.stream.sink)
    pull(this.#rpc.stream.source, init.wire.sink)
  }

  remote<C extends Contract>(contract: C): Remote<C> {
    return remoteOf(contract, this.#line)
  }

  /** Resolves when the far side has answered. @throws MarmaladeError why the session has ended */
  async ping(options: CallOptions = {}): Promise<void> {
    await this.#system.ping({}, options)
  }

  /** Ends everything open with `reason`, says goodbye, and resolves when that has left or cannot. Idempotent. */
  async close(reason: MarmaladeError): Promise<void> {
    this.#reason ??= reason
    if (this.#ended) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, GOODBYE_TIMEOUT)
      this.#goodbyeSent = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#calls.abortAll(this.#reason ?? reason)
      this.#rpc.close(true, () => undefined)
    })
    this.#end()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    const reason = this.#endReason()
    this.#reason = reason
    this.#calls.abortAll(reason)
    this.#line.outflow.fail(reason)
    this.#init.onEnd(reason)
  }

  #endReason(): MarmaladeError {
    if (this.#reason) return this.#reason
    return this.#saidGoodbye
      ? new MarmaladeError('CLOSED', 'the other side closed the connection')
      : new MarmaladeError('CONNECTION_LOST', 'the connection broke')
  }

  #check(): void {
    if (this.#ended || this.#rpc.closed) throw this.#endReason()
  }

  /** muxrpc's own errors only ever mean that the connection is over; the far side's are plain objects. */
  #failure(error: unknown): MarmaladeError {
    if (error instanceof MarmaladeError) return error
    return error instanceof Error || error === true ? this.#endReason() : fromWire(error)
  }

  #tell(method: 'credit', args: z.infer<typeof creditArgs>): void
  #tell(method: 'cancel', args: z.infer<typeof cancelArgs>): void
  #tell(method: 'credit' | 'cancel', args: never): void {
    if (this.#ended) return
    // The far side may know neither method, or be gone: then the call that this belongs to says so.
    this.#system[method](args).catch(() => undefined)
  }

  #noteTaken(weight: number): void {
    if (weight === 0) return
    if (!this.#tookSome) this.#line.outflow.grant(OUTFLOW - FIRST_OUTFLOW)
    this.#tookSome = true
    this.#init.onTaken?.(weight)
  }

  #systemMethods(): SystemMethods {
    return {
      ping: () => ({}),
      credit: (given) => {
        const grant = creditArgs.safeParse(given).data
        const { call = -1, to, weight = 0 } = grant ?? {}
        const gate = to === 'handler' ? this.#calls.served(call)?.gate : this.#calls.made(call)
        if (gate) this.#noteTaken(gate.grant(weight))
        return {}
      },
      cancel: (given) => {
        const call = cancelArgs.safeParse(given).data?.call
        const reason = new MarmaladeError('CANCELLED', 'the caller gave up')
        if (call !== undefined) this.#calls.served(call)?.abort(reason)
        return {}
      },
    }
  }
}
