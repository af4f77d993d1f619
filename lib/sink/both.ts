import type { Sink } from './types.ts'

/**
 * A card and a file beside it, in step: for what is rendered at the card's pace. The file gets every frame, whatever
 * becomes of the card; one that cannot be opened or is lost is left out from then on. Live play feeds the two apart.
 */
export class BothSink implements Sink {
  readonly name: string
  readonly lateness = 'wait'
  readonly #card: Sink
  readonly #file: Sink
  #plays = false

  constructor(card: Sink, file: Sink) {
    this.#card = card
    this.#file = file
    this.name = `${card.name}+${file.name}`
  }

  /** @throws SINK_UNAVAILABLE where the file cannot be written */
  async open(): Promise<void> {
    await this.#file.open()
    this.#plays = await this.#card.open().then(
      () => true,
      () => false,
    )
  }

  async write(samples: Float32Array): Promise<void> {
    await this.#file.write(samples)
    if (!this.#plays) return
    try {
      await this.#card.write(samples)
    } catch {
      this.#plays = false
      await this.#card.close()
    }
  }

  async close(): Promise<void> {
    this.#plays = false
    await Promise.all([this.#file.close(), this.#card.close()])
  }
}
