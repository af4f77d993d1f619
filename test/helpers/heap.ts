import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes in use after everything unused is gone: on the heap, and beside it (buffers, memories of modules). */
export async function inUse(): Promise<{ heap: number; beside: number }> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  // What lies beside the heap is given back by what a collection leaves to be done later.
  await new Promise((resolve) => setTimeout(resolve, 50))
  collect()
  const { heapUsed: heap, external: beside } = process.memoryUsage()
  return { heap, beside }
}
