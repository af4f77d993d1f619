import pull from 'pull-stream'
import { MarmaladeError } from '../../base/index.ts'
import type { Channel } from './channel.ts'
import type { Gate } from './credit.ts'
import type { WireError } from './errors.ts'
import { Inbox } from './inbox.ts'
import { Outbox } from './outbox.ts'
import { Ended } from './values.ts'

interface PipeInit {
  readonly path: string
  /** Lets out what the far side has given credit for. */
  readonly gate: Gate
  /** Told the weight of each item taken out of the inbox. */
  grant(weight: number): void
  report(error: unknown): WireError
  /** The far side will send no more; with an error where it failed. */
  onTheyEnded(error: MarmaladeError | undefined): void
  /** The call is over in both directions, against this side's will. */
  onOver(reason: MarmaladeError): void
}

/** One end of a duplex call: its directions end one by one, and muxrpc lets go of it when both have. */
export class Pipe {
  readonly inbox: Inbox
  readonly outbox: Outbox
  readonly duplex: pull.Duplex<unknown, unknown>
  readonly #channel: Channel
  readonly #init: PipeInit
  #weEnded = false
  #theyEnded = false

  constructor(channel: Channel, init: PipeInit) {
    this.#channel = channel
    this.#init = init
    this.inbox = new Inbox((weight) => init.grant(weight))
    this.outbox = new Outbox([init.gate, channel.outflow], (reason) => init.onOver(channel.failure(reason)))
    this.duplex = {
      source: this.outbox.source,
      sink: pull.drain<unknown>(
        (item) => this.#arrived(item),
        (end) => this.#theyEnd(end),
      ),
    }
  }

  get theyEnded(): boolean {
    return this.#theyEnded
  }

  /** Sends no more, after what was pushed; with an error where one is given. Idempotent. */
  finish(error?: WireError): void {
    if (this.#weEnded) return
    this.#weEnded = true
    this.outbox.mark(error)
    this.#release()
  }

  #arrived(item: unknown): void {
    if (item instanceof Ended) {
      this.#theyEnd(item.reason)
    } else if (!this.inbox.put(item)) {
      const error = new MarmaladeError('STREAM_OVERRUN', `${this.#init.path} was sent more than it gave credit for`)
      this.finish(this.#init.report(error))
      this.#init.onOver(error)
    }
  }

  #theyEnd(reason: unknown): void {
    if (this.#theyEnded) return
    this.#theyEnded = true
    const error = reason === true || reason === null ? undefined : this.#channel.failure(reason)
    if (error) this.inbox.fail(error)
    else this.inbox.end()
    this.#init.onTheyEnded(error)
    this.#release()
  }

  #release(): void {
    if (this.#weEnded && this.#theyEnded) this.outbox.end()
  }
}
