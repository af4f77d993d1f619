/**
 * Renders first-light, or a tune of fixtures/jams, and measures it: `npm run listen -- [NAME|F.jam] [DIR]`.
 * With DIR it also writes the mix and a stem of each as WAV there, and spectrograms where `sox` is installed.
 */
import { basename } from 'node:path'
import { readTune, TUNES } from '../fixtures/jams/tune.ts'
import { costOf } from './listen/cost.ts'
import { FIRST_LIGHT, measure, type Row, speedOf } from './listen/measure.ts'
import { readPlan } from './listen/plan.ts'
import { printBands, printLevels, printTable, writeAll } from './listen/print.ts'
import { type Rendered, renderPlan } from './listen/render.ts'
import { replayTune } from './listen/tune.ts'

async function listenToPlan(): Promise<{ rendered: Rendered; rows: Row[] }> {
  const rendered = await renderPlan(readPlan())
  const costs = new Map<string, string>()
  for (const { generator } of rendered.parts)
    costs.set(generator, `${(await costOf(generator)).toFixed(0)} ns a frame in the drop`)
  printLevels(rendered, costs)
  printBands(rendered, 17, 25)
  const rows = measure(rendered, FIRST_LIGHT)
  printTable([...rows, speedOf(rendered)])
  return { rendered, rows }
}

async function listenToTune(name: string): Promise<{ rendered: Rendered; rows: Row[] }> {
  const { rendered, about, replayed } = await replayTune(readTune(name))
  for (const failure of replayed.failures) console.log('NOT ', failure)
  printLevels(rendered)
  for (const { name, from, to } of about.sections) {
    console.log(`${name}, bars ${from}-${to - 1}:`)
    printBands(rendered, from, to)
  }
  const rows = measure(rendered, about)
  printTable(rows)
  console.log(
    `${replayed.seconds.toFixed(1)} s, ${replayed.speed.toFixed(0)} x real time, samples ${replayed.samplesSha256}`,
  )
  return { rendered, rows }
}

const [first, second] = process.argv.slice(2)
const named = TUNES.find((tune) => first !== undefined && basename(first, '.jam') === tune)
const { rendered, rows } = named === undefined ? await listenToPlan() : await listenToTune(named)
const folder = named === undefined ? first : second
if (folder !== undefined) writeAll(folder, rendered)
process.exitCode = rows.every((row) => row.holds) ? 0 : 1
