import type { Clock, Frames } from '../base/index.ts'
import type { CardTiming, Sink, SinkState } from './types.ts'

/** A place in the mix. */
export interface Place {
  /** The jam's frame. */
  readonly frame: Frames
  /** Frames that the pump moved before it. */
  readonly moved: Frames
}

/** One sink as the pump feeds it. */
export interface Outlet {
  /** Opens the sink; one that cannot be opened is reported, and the jam goes on without. */
  open(): Promise<void>
  /** Takes interleaved frames, `at` the place of the first; resolves when more may come. The samples may then be reused. */
  push(samples: Float32Array, at: Place): Promise<void>
  /** Once in a while: a lost card is tried again. @param due frames due by now since the beginning, of those that the pump moves */
  look(due: Frames): void
  /** So many frames will be due later than they were to be: a card is silent for as long, a file waits. */
  hold(frames: Frames): void
  /** Of a card that has a latency. @param lead how much earlier than due it is handed frames */
  timing(lead: Frames): CardTiming | undefined
  /** Lets out what it still has and closes the sink. */
  close(): Promise<void>
}

export interface OutletInit {
  readonly sink: Sink
  readonly clock: Pick<Clock, 'monotonic'>
  readonly onState: (state: SinkState) => void
  /** Frames that will not be heard, from a jam frame on. */
  readonly onSkip: (at: Frames, frames: Frames) => void
}

/** What is said of a sink that failed. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : 'it failed')

/** A file: gets every frame, however late; the pump waits for it. Once it failed it gets no more. */
export class FileOutlet implements Outlet {
  readonly #init: OutletInit
  #open = false

  constructor(init: OutletInit) {
    this.#init = init
  }

  async open(): Promise<void> {
    const { sink, onState } = this.#init
    try {
      await sink.open()
      this.#open = true
      onState({ state: 'open', name: sink.name })
    } catch (error) {
      onState({ state: 'lost', name: sink.name, why: reasonOf(error) })
    }
  }

  async push(samples: Float32Array): Promise<void> {
    if (!this.#open) return
    try {
      await this.#init.sink.write(samples)
    } catch (error) {
      await this.#lose(error)
    }
  }

  look(): void {
    // A file is not tried again: what it missed would be missing in it.
  }

  hold(): void {
    // A file has nothing but the mix.
  }

  timing(): undefined {
    return undefined
  }

  async close(): Promise<void> {
    if (!this.#open) return
    const { sink, onState } = this.#init
    try {
      await sink.close()
      this.#open = false
      onState({ state: 'closed', name: sink.name })
    } catch (error) {
      await this.#lose(error)
    }
  }

  async #lose(error: unknown): Promise<void> {
    const { sink, onState } = this.#init
    this.#open = false
    onState({ state: 'lost', name: sink.name, why: reasonOf(error) })
    await sink.close().catch(() => undefined)
  }
}
