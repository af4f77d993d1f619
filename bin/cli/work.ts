import type { Remote } from '../../lib/host/index.ts'
import { bundlesContract } from '../../plugins/bundles/index.ts'
import type { Context } from './context.ts'
import { openOffline, type Offline } from './offline.ts'
import { progressBar, type Progress } from './progress.ts'

type Bundles = Remote<typeof bundlesContract>['bundle']

/** How one piece of long work is done: by the node, or by the command itself. */
interface Ways<T> {
  readonly online: (node: Bundles, signal: AbortSignal) => AsyncIterable<T>
  readonly offline: (place: Offline, signal: AbortSignal) => AsyncIterable<T>
}
/** How far work is. */
interface ProgressItem {
  readonly kind: 'progress'
  readonly stage: string
  readonly done: number
  readonly total: number
}

/**
 * Does long work through the node where one runs, else with the home opened here; shows how far it is on a terminal.
 * An interrupt gives the work up in order. Gives every item that is not progress.
 */
export async function* work<T extends { readonly kind: string }>(
  context: Context,
  { online, offline }: Ways<T | ProgressItem>,
): AsyncGenerator<T> {
  const stop = new AbortController()
  const give = (): void => stop.abort()
  process.on('SIGINT', give).on('SIGTERM', give)
  const node = await context.nodeIfRunning(bundlesContract)
  const place = node ? undefined : await openOffline(context)
  const bars = new Bars()
  try {
    const items = node ? online(node.bundle, stop.signal) : place && offline(place, stop.signal)
    for await (const item of items ?? []) {
      if (isProgress(item)) {
        bars.show(item)
        continue
      }
      // What is printed now must not stand in the line of a bar.
      bars.stop()
      yield item
    }
  } finally {
    bars.stop()
    process.off('SIGINT', give).off('SIGTERM', give)
    await place?.close()
  }
}

/** An item as it is printed: without the word that tells items apart. */
export const bare = <T extends { readonly kind: string }>(item: T): Omit<T, 'kind'> =>
  Object.fromEntries(Object.entries(item).filter(([name]) => name !== 'kind')) as Omit<T, 'kind'>

const isProgress = (item: { readonly kind: string }): item is ProgressItem => item.kind === 'progress'

/** A bar for each stage of the work. */
class Bars {
  #stage = ''
  #bar: Progress | undefined

  show({ stage, done, total }: ProgressItem): void {
    if (stage !== this.#stage || !this.#bar) {
      this.stop()
      this.#stage = stage
      this.#bar = progressBar(stage)
    }
    this.#bar.update(done, total)
  }

  stop(): void {
    this.#bar?.stop()
    this.#bar = undefined
  }
}
