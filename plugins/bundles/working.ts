import type { BundleProgress } from '../../lib/bundle/index.ts'

/** How far work is, of bundles or of the database. */
export interface WorkProgress extends Omit<BundleProgress, 'stage'> {
  readonly stage: BundleProgress['stage'] | 'compacting'
}
interface WorkOptions {
  readonly signal: AbortSignal
  readonly onProgress: (progress: WorkProgress) => void
}
/** What the stream gives until the work is done. */
export type ProgressItem = { readonly kind: 'progress' } & WorkProgress

/**
 * Long work as a stream: how far it is, as often as the reader asks, then what it came to. Leaving the loop early gives
 * the work up and waits until it has ended.
 */
export async function* working<T>(
  run: (options: WorkOptions) => Promise<T>,
  signal?: AbortSignal,
): AsyncGenerator<ProgressItem, T> {
  const given = new AbortController()
  const signals = signal ? [signal, given.signal] : [given.signal]
  let latest: WorkProgress | undefined
  let wake: () => void = () => undefined
  const finished = run({
    signal: AbortSignal.any(signals),
    onProgress(progress) {
      latest = progress
      wake()
    },
  })
  const settled = finished.then(
    () => 'settled' as const,
    () => 'settled' as const,
  )
  try {
    for (;;) {
      const told = new Promise<'told'>((resolve) => (wake = () => resolve('told')))
      if (!latest && (await Promise.race([settled, told])) === 'settled') break
      const progress: WorkProgress | undefined = latest
      latest = undefined
      if (progress) yield { kind: 'progress', ...progress }
    }
    return await finished
  } finally {
    given.abort()
    await settled
  }
}
