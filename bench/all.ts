/**
 * Everything that bench/README.md speaks of, one after another:
 * `npm run bench -- [--quick] [--rounds N] [--only NAME,…] [--profile FOLDER]`.
 * Prints a table for each and writes bench/results.json.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { measureBlobs } from './blobs.ts'
import { measureData } from './data.ts'
import type { Bench } from './kit/alone.ts'
import { median, type Section } from './kit/figures.ts'
import { machine } from './kit/machine.ts'
import { readOptions } from './kit/options.ts'
import { tableOf } from './kit/table.ts'
import { measureHostile } from './hostile.ts'
import { measureLive } from './live.ts'
import { measureMemory } from './memory.ts'
import { measureReconnect } from './reconnect.ts'
import { measureReplay } from './replay.ts'
import { measureReplicate } from './replicate.ts'
import { measureRpc } from './rpc.ts'
import { measureSpread } from './spread.ts'
import { measureVoices } from './voices.ts'

const BENCHES: Readonly<Record<string, Bench>> = {
  data: measureData,
  replicate: measureReplicate,
  live: measureLive,
  memory: measureMemory,
  blobs: measureBlobs,
  reconnect: measureReconnect,
  hostile: measureHostile,
  voices: measureVoices,
  replay: measureReplay,
  rpc: measureRpc,
  spread: measureSpread,
}
const RESULTS = join(import.meta.dirname, 'results.json')

const options = readOptions(process.argv.slice(2))
const names = options.only.length > 0 ? options.only : Object.keys(BENCHES)
for (const name of names)
  if (!BENCHES[name]) throw new Error(`no bench ${name}: there are ${Object.keys(BENCHES).join(', ')}`)
const about = machine()
console.log(`${about.date}, ${about.processors}, Node ${about.node}, ${about.system}`)
if (options.quick) console.log('Quick: small sizes, to see that everything runs. Its figures say little.')
const sections: Section[] = []
for (const name of names) {
  const began = performance.now()
  const section = await BENCHES[name]?.(options)
  if (!section) continue
  sections.push(section)
  console.log(`\n${tableOf(section)}\n  (${name} took ${Math.round((performance.now() - began) / 1_000)} s)`)
}
const measured = sections.map(({ title, figures, notes }) => ({
  title,
  notes,
  figures: figures.map((figure) => ({ ...figure, median: median(figure.values) })),
}))
writeFileSync(RESULTS, `${JSON.stringify({ ...about, ...options, sections: measured }, null, 2)}\n`)
console.log(`\nWritten to ${RESULTS}`)
