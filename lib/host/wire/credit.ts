import type { MarmaladeError } from '../../base/index.ts'

/** How much may be under way to a receiver that has not yet taken it, in each direction of each call. */
export const WINDOW = 512 * 1024

/** How much of all calls of one connection may wait for its socket: what comes next is behind no more than this. */
export const OUTFLOW = 256 * 1024
/** The same, until the far side has said that it took something. */
export const FIRST_OUTFLOW = 64 * 1024

/** Lets a sender send while it has credit, and while nothing else holds it up; others wait in turn. */
export class Gate {
  #credit: number
  /** What was taken and has not been granted anew. */
  #taken = 0
  #failed: MarmaladeError | undefined
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] = []

  constructor(credit: number) {
    this.#credit = credit
  }

  /** Resolves when there is credit, and takes `weight` of it; the last item may go beyond. */
  async take(weight: number): Promise<void> {
    while (this.#failed === undefined && this.#credit <= 0) {
      await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }))
    }
    if (this.#failed) throw this.#failed
    this.spend(weight)
  }
  /** Gives how much of it stands for what had been taken: the rest is credit that nobody needed. */
  grant(weight: number): number {
    this.#credit = Math.min(this.#credit + weight, 4 * WINDOW)
    if (this.#credit > 0) for (const { resolve } of this.#waiting.splice(0)) resolve()
    const back = Math.min(weight, this.#taken)
    this.#taken -= back
    return back
  }
  /** Takes without waiting, for what must go out in any case. */
  spend(weight: number): void {
    this.#credit -= weight
    this.#taken += weight
  }
  fail(error: MarmaladeError): void {
    this.#failed ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failed)
  }
  get credit(): number {
    return this.#credit
  }
}
