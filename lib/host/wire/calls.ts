import { MarmaladeError } from '../../base/index.ts'
import { Gate, WINDOW } from './credit.ts'
import { z } from 'zod'

/** What may follow the arguments of a call: without it the call is a plain one of muxrpc, with no credit and no way to cancel it. */
export const extraSchema = z.object({
  /** A number that the caller has not used before on this connection. */
  call: z.int().min(0),
  /** What the caller takes before it grants more, in weight: bytes and 256 for each item. */
  credit: z.int().min(0).optional(),
})
export type Extra = z.infer<typeof extraSchema>

/** A call that this side serves. */
export class ServedCall {
  readonly #controller = new AbortController()
  readonly #onDone: () => void
  readonly id: number | undefined
  /** Lets items out to the caller; without a bound for a caller that grants no credit, whom only the socket slows down. */
  readonly gate: Gate

  constructor(extra: Extra | undefined, onDone: () => void) {
    this.id = extra?.call
    this.gate = new Gate(extra?.credit === undefined ? Infinity : Math.min(extra.credit, 4 * WINDOW))
    this.#onDone = onDone
  }
  get signal(): AbortSignal {
    return this.#controller.signal
  }
  abort(reason: MarmaladeError): void {
    this.gate.fail(reason)
    this.#controller.abort(reason)
  }
  done(): void {
    this.#onDone()
  }
}

/** Handlers at work over all connections of a host, so that it can wait for them. */
export class Running {
  #count = 0
  #onIdle: (() => void) | undefined

  begin(): void {
    this.#count++
  }
  done(): void {
    this.#count--
    if (this.#count === 0) this.#onIdle?.()
  }
  /** Resolves when none is left, or after so many milliseconds; gives how many are. */
  async idle(milliseconds: number): Promise<number> {
    if (this.#count === 0) return 0
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.#onIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    return this.#count
  }
}

/** The calls that are open on one connection, both ways. */
export class OpenCalls {
  readonly #served = new Set<ServedCall>()
  readonly #servedById = new Map<number, ServedCall>()
  /** Gates of the duplex calls that this side made. */
  readonly #made = new Map<number, Gate>()
  readonly #most: number
  readonly #running: Running
  #next = 1

  constructor(most: number, running: Running) {
    this.#most = most
    this.#running = running
  }

  /** @throws MarmaladeError TOO_MANY_CALLS */
  begin(given: unknown): ServedCall {
    if (this.#served.size >= this.#most) {
      throw new MarmaladeError(
        'TOO_MANY_CALLS',
        `${this.#most} calls are open on this connection: wait for some to end`,
      )
    }
    const extra = extraSchema.safeParse(given).data
    const call = new ServedCall(extra, () => this.#forget(call))
    this.#served.add(call)
    this.#running.begin()
    if (call.id !== undefined) this.#servedById.set(call.id, call)
    return call
  }
  #forget(call: ServedCall): void {
    if (this.#served.delete(call)) this.#running.done()
    if (call.id !== undefined && this.#servedById.get(call.id) === call) this.#servedById.delete(call.id)
  }
  served(id: number): ServedCall | undefined {
    return this.#servedById.get(id)
  }

  /** A number for a call to make. */
  number(): number {
    return this.#next++
  }
  /** Keeps the gate of a call that this side pushes into, until `forgetMade`. */
  keepMade(id: number, gate: Gate): void {
    this.#made.set(id, gate)
  }
  forgetMade(id: number): void {
    this.#made.delete(id)
  }
  made(id: number): Gate | undefined {
    return this.#made.get(id)
  }

  /** Ends everything. */
  abortAll(reason: MarmaladeError): void {
    for (const call of this.#served) call.abort(reason)
    for (const gate of this.#made.values()) gate.fail(reason)
  }
}
