import type { SketchEvent } from './contract.ts'

/** Events that wait for who listens; of more the oldest are left out, and counted. */
const MAX_WAITING = 512

/** What is told of one sketch, in order, for as long as somebody listens. Of levels, and of each tag, only the newest waits. */
export class SketchEvents {
  #waiting: SketchEvent[] = []
  #missed = 0
  #over = false
  #wake: () => void = () => undefined

  push(event: SketchEvent): void {
    if (this.#over) return
    this.#waiting = this.#waiting.filter((earlier) => !isNewer(event, earlier))
    this.#waiting.push(event)
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift()
      this.#missed++
    }
    this.#wake()
  }

  /** The last one: whoever listens is told it, and no more. */
  end(why: string): void {
    this.push({ kind: 'over', message: why })
    this.#over = true
  }

  /** Everything from now on, until it is over or the caller has enough. */
  async *from(signal: AbortSignal): AsyncGenerator<SketchEvent> {
    const wake = (): void => this.#wake()
    signal.addEventListener('abort', wake)
    try {
      while (!signal.aborted) {
        const event = this.#waiting.shift()
        if (event) {
          if (this.#missed > 0) yield { kind: 'missed', count: this.#missed }
          this.#missed = 0
          yield event
        } else if (this.#over) return
        else await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      signal.removeEventListener('abort', wake)
    }
  }
}

const isNewer = (now: SketchEvent, before: SketchEvent): boolean =>
  (now.kind === 'levels' && before.kind === 'levels') ||
  (now.kind === 'tag' && before.kind === 'tag' && now.name === before.name)
