/**
 * Exports or imports in a process of its own and says what it took, one line of JSON: milliseconds, and by how many
 * bytes the most memory it held exceeds what it held with the home open (with --expose-gc: what no collection freed).
 * Before that a line for each report. Usage: bundle-child.ts export|import HOME FILE [PLAYER]
 */
import { writeSync } from 'node:fs'
import type { PlayerId } from '../../lib/base/index.ts'
import { importBundle, writeBundle } from '../../lib/bundle/index.ts'
import { openHomeIn } from '../helpers/bundles.ts'

const [, , what, folder = '', file = '', player] = process.argv
const { store, blobs } = await openHomeIn(folder, 'cy')
const before = held()
let peak = before
let reports = 0
const began = performance.now()
const onProgress = ({ stage, done }: { stage: string; done: number }): void => {
  writeSync(1, `${stage} ${done}\n`)
  if (reports++ % 16 === 0) peak = Math.max(peak, held())
}
const init = { store, blobs, file, onProgress }
if (what === 'import') await importBundle(init)
else await writeBundle({ ...init, what: { player: player as PlayerId } })
writeSync(1, `${JSON.stringify({ millis: performance.now() - began, grown: peak - before })}\n`)
await store.close()

/** Bytes on the heap and beside it that a collection leaves. */
function held(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
