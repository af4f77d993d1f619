/** Says on stderr how far many seeds are: at most every few seconds, in place on a terminal. */
export class Progress {
  readonly #first: number
  readonly #seeds: number
  readonly #ahead = new Set<number>()
  readonly #began = performance.now()
  #through: number
  #done = 0
  #saidAt = 0

  constructor(first: number, seeds: number) {
    this.#first = first
    this.#seeds = seeds
    this.#through = first
  }

  done(seed: number): void {
    this.#done++
    this.#ahead.add(seed)
    while (this.#ahead.delete(this.#through)) this.#through++
    if (performance.now() - this.#saidAt < (process.stderr.isTTY ? 500 : 30_000)) return
    this.#saidAt = performance.now()
    process.stderr.write(process.stderr.isTTY ? `\r${this.#line()} ` : `${this.#line()}\n`)
  }

  /** Something that is to stay. */
  say(text: string): void {
    process.stderr.write(process.stderr.isTTY ? `\r${text}\n` : `${text}\n`)
  }

  end(): void {
    this.say(this.#line())
  }

  #line(): string {
    const seconds = (performance.now() - this.#began) / 1_000
    const left = (seconds / Math.max(1, this.#done)) * (this.#seeds - this.#done)
    const through = this.#through > this.#first ? `all up to ${this.#through - 1}` : 'none'
    return `${this.#done} of ${this.#seeds} seeds (${through}), ${Math.round(seconds)} s, ${Math.round(left)} s left`
  }
}
