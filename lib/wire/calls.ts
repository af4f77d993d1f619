import type { Clock, Millis, PlayerId } from '../base/index.ts'
import { FrameLink } from './frames.ts'
import type { ReadingPace } from './frames.ts'
import type { CallEffect, CallEvent, Duplex, LinkId } from './types.ts'

/** @typeParam Event what happens to the core besides calls; @typeParam Effect what it asks besides frames. */
export interface CallsInit<Event, Effect extends { readonly type: string }> {
  readonly clock: Pick<Clock, 'monotonic'>
  /** How often the core looks at what has not come, while there is such. */
  readonly tickEvery: Millis
  /** One step of the core. */
  step(event: Event | CallEvent, now: Millis): readonly (Effect | CallEffect)[]
  /** Whether time alone may change something. */
  needsTick(): boolean
  perform(effect: Effect): void
  /** How fast the frames of one call are read. */
  pace(): ReadingPace
  /** The core has ended a call for another reason than a goodbye. */
  onEnded(peer: PlayerId, code: string): void
  /** A step that nobody waits for has failed: a fault of this node, not of the peer on whose call it happened. */
  onFault(cause: unknown, peer: PlayerId | undefined): void
}

/** Drives a core over the calls to its peers: its frames, its time, and their ends. */
export class Calls<Event, Effect extends { readonly type: string }> {
  readonly #init: CallsInit<Event, Effect>
  readonly #calls = new Map<LinkId, { readonly peer: PlayerId; readonly frames: FrameLink }>()
  #next: LinkId = 1
  #ticking: NodeJS.Timeout | undefined
  #closed = false

  constructor(init: CallsInit<Event, Effect>) {
    this.#init = init
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Speaks over a duplex call until either side ends it. Never rejects. */
  async speak(peer: PlayerId, duplex: Duplex): Promise<void> {
    if (this.#closed) {
      duplex.end()
      return
    }
    const link = this.#next++
    const frames = new FrameLink(duplex, (bytes) => this.tell({ type: 'sent', link, bytes }, link), this.#init.pace())
    this.#calls.set(link, { peer, frames })
    this.tell({ type: 'connected', link, peer }, link)
    await frames.run((bytes) => this.tell({ type: 'received', link, bytes }, link))
    this.#calls.delete(link)
    this.tell({ type: 'disconnected', link })
  }

  /** Lets something happen to the core, and does what it asks; nothing once all is closed. */
  step(event: Event | CallEvent): void {
    if (this.#closed) return
    const { clock, tickEvery } = this.#init
    for (const effect of this.#init.step(event, clock.monotonic())) this.#perform(effect)
    if (!this.#ticking && this.#init.needsTick()) this.#ticking = setTimeout(() => this.#tick(), tickEvery)
  }

  /** A step that nobody waits for. Never throws: a fault is told of, and ends the call on which it happened. */
  tell(event: Event | CallEvent, link?: LinkId): void {
    try {
      this.step(event)
    } catch (cause) {
      this.#init.onFault(cause, link === undefined ? undefined : this.peerOf(link))
      if (link !== undefined) this.hangUp(link)
    }
  }

  peerOf(link: LinkId): PlayerId | undefined {
    return this.#calls.get(link)?.peer
  }
  /** Bytes of frames that came and that left. */
  trafficOf(link: LinkId): Pick<FrameLink, 'bytesIn' | 'bytesOut'> | undefined {
    return this.#calls.get(link)?.frames
  }
  /** Ends a call, after what was sent last. */
  hangUp(link: LinkId): void {
    this.#calls.get(link)?.frames.close()
  }

  /** Ends every call; the core is told of nothing any more. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#ticking)
    for (const { frames } of this.#calls.values()) frames.close()
  }

  #tick(): void {
    this.#ticking = undefined
    this.tell({ type: 'tick' })
  }

  #perform(effect: Effect | CallEffect): void {
    if (!isOfCalls(effect)) this.#init.perform(effect)
    else if (effect.type === 'send') this.#calls.get(effect.link)?.frames.send(effect.bytes)
    else this.#end(effect)
  }

  #end({ link, code }: Extract<CallEffect, { type: 'close' }>): void {
    const ended = this.#calls.get(link)
    if (!ended) return
    if (code !== 'bye') this.#init.onEnded(ended.peer, code)
    ended.frames.close()
  }
}

const isOfCalls = (effect: { readonly type: string }): effect is CallEffect =>
  effect.type === 'send' || effect.type === 'close'
