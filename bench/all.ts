/**
 * Everything that bench/README.md speaks of, one after another: `npm run bench -- [--quick] [--rounds N]`.
 * Prints a table for each and writes bench/results.json.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { measureData } from './data.ts'
import type { Bench } from './kit/alone.ts'
import { median, type Section } from './kit/figures.ts'
import { machine } from './kit/machine.ts'
import { readOptions } from './kit/options.ts'
import { tableOf } from './kit/table.ts'
import { measureReplay } from './replay.ts'
import { measureRpc } from './rpc.ts'
import { measureVoices } from './voices.ts'

const BENCHES: readonly Bench[] = [measureData, measureVoices, measureReplay, measureRpc]
const RESULTS = join(import.meta.dirname, 'results.json')

const options = readOptions(process.argv.slice(2))
const about = machine()
console.log(`${about.date}, ${about.processors}, Node ${about.node}, ${about.system}`)
if (options.quick) console.log('Quick: small sizes, to see that everything runs. Its figures say little.')
const sections: Section[] = []
for (const bench of BENCHES) {
  const section = await bench(options)
  sections.push(section)
  console.log(`\n${tableOf(section)}`)
}
const measured = sections.map(({ title, figures, notes }) => ({
  title,
  notes,
  figures: figures.map((figure) => ({ ...figure, median: median(figure.values) })),
}))
writeFileSync(RESULTS, `${JSON.stringify({ ...about, ...options, sections: measured }, null, 2)}\n`)
console.log(`\nWritten to ${RESULTS}`)
