/**
 * Renders first-light from the example generators and measures it: `node --import tsx bench/listen.ts [DIR]`.
 * With DIR it also writes the mix and a stem of each as WAV there, and spectrograms where `sox` is installed.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LoudnessMeter } from '../lib/mix/loudness.ts'
import { encodePcm, wavHeader } from '../lib/mix/wav.ts'
import { costOf } from './listen/cost.ts'
import { readPlan } from './listen/plan.ts'
import { type Rendered, renderPlan } from './listen/render.ts'
import { measure, type Row, speedOf } from './listen/measure.ts'
import { bandLevels } from './listen/spectrum.ts'

const BANDS = [20, 60, 120, 250, 500, 1000, 2000, 4000, 8000, 16000].flatMap((from, i, all) => {
  const to = all[i + 1]
  return to === undefined ? [] : [[from, to] as const]
})

function printTable(rows: readonly Row[]): void {
  for (const { what, wanted, measured, holds } of rows)
    console.log(`${holds ? 'ok  ' : 'NOT '} ${what.padEnd(58)} ${wanted.padEnd(22)} ${measured}`)
}

/** Peak, and loudness of every four bars. */
function printLevels(name: string, left: Float32Array, right: Float32Array, bar: Rendered['bar'], more = ''): void {
  const meter = new LoudnessMeter()
  meter.push(left, right)
  const { loudness, peak } = meter.levels()
  const parts = Array.from({ length: 8 }, (_, i) => meter.integrated(bar(1 + 4 * i), bar(5 + 4 * i)))
  const figures = parts.map((l) => (Number.isFinite(l) ? l.toFixed(1) : '-').padStart(6)).join('')
  console.log(
    `${name.padEnd(8)} peak ${peak.toFixed(1).padStart(6)} dBFS  ${loudness.toFixed(1).padStart(6)} LUFS |${figures}  ${more}`,
  )
}

async function printAll(rendered: Rendered): Promise<void> {
  const { bar, left, right, parts } = rendered
  console.log('Loudness in LUFS of bars 1-4, 5-8 ... 29-32:')
  printLevels('mix', left, right, bar)
  for (const part of parts) {
    const cost = await costOf(part.generator)
    printLevels(part.generator, part.left, part.right, bar, `${cost.toFixed(0)} ns a frame in the drop`)
  }
  console.log('Bands of the drop, dB of the whole:')
  const levels = bandLevels(left, right, bar(17), bar(25), BANDS)
  console.log(BANDS.map(([from, to], i) => `${from}-${to}: ${levels[i]?.toFixed(1) ?? ''}`).join('  '))
}

function writeAll(folder: string, rendered: Rendered): void {
  mkdirSync(folder, { recursive: true })
  const from = rendered.bar(1)
  const parts = [{ name: 'mix', left: rendered.left, right: rendered.right }]
  for (const { generator, left, right } of rendered.parts) parts.push({ name: generator, left, right })
  for (const { name, left, right } of parts) {
    const file = join(folder, `${name}.wav`)
    const pcm = encodePcm('f32', left.subarray(from), right.subarray(from))
    writeFileSync(file, Buffer.concat([wavHeader('f32', left.length - from), pcm]))
    const sox = spawnSync('sox', [
      file,
      '-n',
      'spectrogram',
      '-x',
      '1600',
      '-y',
      '513',
      '-z',
      '90',
      '-o',
      join(folder, `${name}.png`),
    ])
    if (sox.error) console.log('no spectrograms: sox is not installed')
    if (sox.error) return
  }
}

const rendered = await renderPlan(readPlan())
await printAll(rendered)
const rows = measure(rendered)
printTable([...rows, speedOf(rendered)])
const [folder] = process.argv.slice(2)
if (folder !== undefined) writeAll(folder, rendered)
process.exitCode = rows.every((row) => row.holds) ? 0 : 1
