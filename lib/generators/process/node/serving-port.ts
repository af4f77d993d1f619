import { BroadcastChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads'
import type { ToServing } from '../types.ts'
import type { ProcessLink } from './host.ts'

/**
 * How a thread tells the one that serves processes; opened when there is something to tell. What other threads tell it comes here as well:
 * where no event loop turns it would pile up for ever, so it is to be let go from time to time.
 */
export class ServingPort {
  readonly #link: ProcessLink
  #channel: BroadcastChannel | undefined

  constructor(link: ProcessLink) {
    this.#link = link
  }

  /** Never waits. */
  readonly post = (message: ToServing): void => {
    if (!this.#channel) {
      this.#channel = new BroadcastChannel(this.#link.channel)
      this.#channel.unref()
    }
    this.#channel.postMessage(message)
  }

  /** Lets go of what others told. @returns how much that was */
  clear(): number {
    let count = 0
    // Node takes from both kinds; its types name one.
    const channel = this.#channel as unknown as MessagePort | undefined
    while (channel && receiveMessageOnPort(channel)) count++
    return count
  }
}
