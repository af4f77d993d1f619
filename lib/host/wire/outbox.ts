import type pull from 'pull-stream'
import { MarmaladeError } from '../../base/index.ts'
import type { Gate } from './credit.ts'
import { Ended } from './values.ts'
import type { Encoded } from './values.ts'
import type { WireError } from './errors.ts'

/** The sending half of a stream as muxrpc wants it: a pull source, fed under credit. */
export class Outbox {
  #ready: (Encoded | Ended)[] = []
  #marked = false
  #end: true | WireError | undefined
  #asked: pull.SourceCallback<unknown> | undefined
  readonly #gates: readonly Gate[]
  readonly #onAbort: (reason: unknown) => void

  /** @param gates all must let an item through @param onAbort the far side wants no more */
  constructor(gates: readonly Gate[], onAbort: (reason: unknown) => void) {
    this.#gates = gates
    this.#onAbort = onAbort
  }

  /** Resolves when the item is on its way. @throws MarmaladeError what a gate failed with, or CLOSED after the end */
  async push(item: Encoded): Promise<void> {
    for (const gate of this.#gates) await gate.take(item.weight)
    if (this.#marked || this.#end !== undefined) {
      this.#refund(item)
      throw new MarmaladeError('CLOSED', 'the stream has ended')
    }
    this.#ready.push(item)
    this.#serve()
  }
  /** Ends a duplex call's direction after what was pushed, without muxrpc's knowledge: see Ended. */
  mark(error?: WireError): void {
    if (this.#marked || this.#end !== undefined) return
    this.#marked = true
    this.#ready.push(new Ended(error ?? true))
    this.#serve()
  }
  /** Ends after what was pushed; with an error where one is given. */
  end(error?: WireError): void {
    this.#end ??= error ?? true
    this.#serve()
  }

  readonly source: pull.Source<unknown> = (abort, callback) => {
    if (abort !== null && abort !== false) {
      const asked = this.#asked
      this.#asked = undefined
      for (const item of this.#ready.splice(0)) if (!(item instanceof Ended)) this.#refund(item)
      this.#end ??= true
      asked?.(abort)
      callback(abort)
      this.#onAbort(abort)
      return
    }
    this.#asked = callback
    this.#serve()
  }

  /** What was let through but never went out must not narrow a gate that other calls share. */
  #refund(item: Encoded): void {
    for (const gate of this.#gates) gate.grant(item.weight)
  }

  #serve(): void {
    const asked = this.#asked
    if (!asked) return
    const item = this.#ready.shift()
    if (item === undefined && this.#end === undefined) return
    this.#asked = undefined
    // A pull-stream ends with anything truthy: an error here is the plain object that goes over the wire.
    if (item === undefined) asked(this.#end as pull.EndOrError)
    else asked(null, item)
  }
}
