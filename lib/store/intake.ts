import { MarmaladeError } from '../base/index.ts'
import type { Crypto, PlayerId } from '../base/index.ts'
import { RunParser } from '../feed/index.ts'
import type { ParsedRun } from '../feed/index.ts'

/** Calls that wait for their turn at one feed, at most. */
const MAX_WAITING = 64
/** Bytes of runs that are parsed before their turn, over all feeds. */
const MAX_AHEAD_BYTES = 16 * 1_048_576
/** Bytes parsed without a pause: half a millisecond, so that a long run does not hold up what comes live. */
const SLICE_BYTES = 131_072

/** Parses runs while those before them are written, and keeps count of what waits. */
export class Intake {
  readonly #crypto: Crypto
  readonly #waiting = new Map<PlayerId, number>()
  #ahead = 0

  constructor(crypto: Crypto) {
    this.#crypto = crypto
  }

  /**
   * Hands a parsed run to `task`, which comes to its turn by itself.
   * @throws MarmaladeError STORE_BUSY where too many calls of this feed wait
   */
  async take<T>(
    identity: PlayerId,
    run: readonly Uint8Array[],
    task: (parse: () => Promise<ParsedRun>) => Promise<T>,
  ): Promise<T> {
    const waiting = this.#waiting.get(identity) ?? 0
    if (waiting >= MAX_WAITING)
      throw new MarmaladeError('STORE_BUSY', `${MAX_WAITING} runs of ${identity} wait to be written: wait for those`)
    this.#waiting.set(identity, waiting + 1)
    const bytes = run.reduce((sum, raw) => sum + raw.length, 0)
    // The first of a feed is parsed in its turn, which has come.
    const early = waiting > 0 && this.#ahead + bytes <= MAX_AHEAD_BYTES
    if (early) this.#ahead += bytes
    const parsing = early ? this.#parse(identity, run) : undefined
    try {
      return await task(() => parsing ?? this.#parse(identity, run))
    } finally {
      if (early) this.#ahead -= bytes
      const left = (this.#waiting.get(identity) ?? 1) - 1
      if (left > 0) this.#waiting.set(identity, left)
      else this.#waiting.delete(identity)
    }
  }

  async #parse(identity: PlayerId, run: readonly Uint8Array[]): Promise<ParsedRun> {
    const parser = new RunParser(identity, run, this.#crypto)
    while (!parser.parse(SLICE_BYTES)) await new Promise((resolve) => setImmediate(resolve))
    return parser.result
  }
}
