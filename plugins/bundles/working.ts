import type { BundleOptions, BundleProgress } from '../../lib/bundle/index.ts'

type ProgressItem = { readonly kind: 'progress' } & BundleProgress

/**
 * Long work as a stream: how far it is, as often as the reader asks, then what it came to. Leaving the loop early gives
 * the work up and waits until it has ended.
 */
export async function* working<T>(
  run: (options: BundleOptions) => Promise<T>,
  signal?: AbortSignal,
): AsyncGenerator<ProgressItem, T> {
  const given = new AbortController()
  const signals = signal ? [signal, given.signal] : [given.signal]
  let latest: BundleProgress | undefined
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
      const progress: BundleProgress | undefined = latest
      latest = undefined
      if (progress) yield { kind: 'progress', ...progress }
    }
    return await finished
  } finally {
    given.abort()
    await settled
  }
}
