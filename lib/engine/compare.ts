import type { Frames } from '../base/index.ts'
import { Differences, type Difference, type Side } from './difference.ts'
import { replay, type Replayed, type ReplayInit } from './replay.ts'
import { reasoning, type Reason } from './reasons.ts'

/** What two renders of one jam come to beside each other. */
export interface Compared {
  readonly a: Replayed
  readonly b: Replayed
  /** Jam frames that both have: all others are in one alone. */
  readonly from: Frames
  readonly to: Frames
  /** Of each thing that is heard in either, in those frames; the mix last. */
  readonly differences: readonly (Difference & { readonly reasons: readonly Reason[] })[]
  readonly isEqual: boolean
}

/**
 * Renders two things of one jam side by side and tells where they differ.
 * @throws MarmaladeError what `replay` throws of either
 */
export async function compareRenders(a: ReplayInit, b: ReplayInit): Promise<Compared> {
  const { grid } = a.score
  const differences = new Differences(grid)
  const pace = new Pace()
  const stop = new AbortController()
  const run = async (side: Side, init: ReplayInit): Promise<Replayed> => {
    pace.reach(side, Math.max(init.from ?? 0, init.take?.header.first ?? 0))
    try {
      return await replay({
        ...init,
        signal: stop.signal,
        onStems(stems, first) {
          differences.stems(side, stems, first)
          init.onStems?.(stems, first)
        },
        async onSamples(samples, at) {
          differences.mix(side, samples, at)
          await init.onSamples?.(samples, at)
          await pace.reached(side, at + samples.length / 2)
        },
      })
    } catch (error) {
      stop.abort()
      throw error
    } finally {
      differences.end(side)
      pace.reach(side, Infinity)
    }
  }
  const done = await Promise.allSettled([run('a', a), run('b', b)])
  const [one, two] = done
  if (one.status === 'rejected' || two.status === 'rejected') {
    const failed = done.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []))
    // The one that was given up because of the other says nothing.
    throw (
      failed.find((error) => !('code' in error) || error.code !== 'CANCELLED') ?? failed[0] ?? new Error('no reason')
    )
  }
  const found = differences.found()
  const [reasonsOfA, reasonsOfB] = [reasoning('a', a), reasoning('b', b)]
  const { from, to } = differences.range
  return {
    a: one.value,
    b: two.value,
    from,
    to,
    differences: found.map((each) => ({
      ...each,
      reasons: each.first === undefined ? [] : [...reasonsOfA(each), ...reasonsOfB(each)],
    })),
    isEqual: found.every(({ first }) => first === undefined),
  }
}

/** Lets neither of two renders get ahead of the other. */
class Pace {
  readonly #at: Record<Side, Frames> = { a: -Infinity, b: -Infinity }
  readonly #waiting: Record<Side, (() => void) | undefined> = { a: undefined, b: undefined }

  /** A side has come to a frame; Infinity where it has ended. */
  reach(side: Side, frame: Frames): void {
    this.#at[side] = frame
    const other = side === 'a' ? 'b' : 'a'
    if (this.#at[other] > frame) return
    this.#waiting[other]?.()
    this.#waiting[other] = undefined
  }

  /** The same; resolves when the other has come there too. */
  async reached(side: Side, frame: Frames): Promise<void> {
    this.reach(side, frame)
    const other = side === 'a' ? 'b' : 'a'
    if (this.#at[other] >= frame) return
    await new Promise<void>((resolve) => (this.#waiting[side] = resolve))
  }
}
