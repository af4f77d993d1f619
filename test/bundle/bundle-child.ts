/**
 * Exports or imports in a process of its own and says what it took, one line of JSON: milliseconds, and by how many
 * bytes the most memory it ever had exceeds what it had with the home open. Before that a line for each report.
 * Usage: bundle-child.ts export|import HOME FILE [PLAYER]
 */
import { writeSync } from 'node:fs'
import type { PlayerId } from '../../lib/base/index.ts'
import { importBundle, writeBundle } from '../../lib/bundle/index.ts'
import { openHomeIn } from '../helpers/bundles.ts'

const [, , what, folder = '', file = '', player] = process.argv
const { store, blobs } = await openHomeIn(folder, 'cy')
const before = process.memoryUsage.rss()
const began = performance.now()
const onProgress = ({ stage, done }: { stage: string; done: number }): void => void writeSync(1, `${stage} ${done}\n`)
const init = { store, blobs, file, onProgress }
if (what === 'import') await importBundle(init)
else await writeBundle({ ...init, what: { player: player as PlayerId } })
// resourceUsage counts in KiB.
const peak = process.resourceUsage().maxRSS * 1024
writeSync(1, `${JSON.stringify({ millis: performance.now() - began, grown: peak - before })}\n`)
await store.close()
