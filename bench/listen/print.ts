/** What was heard, for people: on the terminal, and as WAV files and spectrograms. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LoudnessMeter } from '../../lib/mix/loudness.ts'
import { encodePcm, wavHeader } from '../../lib/mix/wav.ts'
import type { Row } from './measure.ts'
import type { Rendered } from './render.ts'
import { bandLevels } from './spectrum.ts'

const BANDS = [20, 60, 120, 250, 500, 1000, 2000, 4000, 8000, 16000].flatMap((from, i, all) => {
  const to = all[i + 1]
  return to === undefined ? [] : [[from, to] as const]
})

export function printTable(rows: readonly Row[]): void {
  for (const { what, wanted, measured, holds } of rows)
    console.log(`${holds ? 'ok  ' : 'NOT '} ${what.padEnd(58)} ${wanted.padEnd(22)} ${measured}`)
}

/** Peak, and loudness of every four bars: of the mix and of each part, with what else is to be said of it. */
export function printLevels(rendered: Rendered, more: ReadonlyMap<string, string> = new Map()): void {
  const { bar, bars, left, right, parts } = rendered
  console.log(`Loudness in LUFS of every four bars of ${bars}:`)
  for (const part of [{ generator: 'mix', left, right }, ...parts]) {
    const meter = new LoudnessMeter()
    meter.push(part.left, part.right)
    const { loudness, peak } = meter.levels()
    const fours = Array.from({ length: Math.ceil(bars / 4) }, (_, i) =>
      meter.integrated(bar(1 + 4 * i), bar(Math.min(bars, 4 * i + 4) + 1)),
    )
    const figures = fours.map((l) => (Number.isFinite(l) ? l.toFixed(1) : '-').padStart(6)).join('')
    const levels = `peak ${peak.toFixed(1).padStart(6)} dBFS  ${loudness.toFixed(1).padStart(6)} LUFS`
    console.log(`${part.generator.padEnd(8)} ${levels} |${figures}  ${more.get(part.generator) ?? ''}`)
  }
}

/** Power in bands from one bar to another. */
export function printBands({ left, right, bar }: Rendered, from: number, to: number): void {
  const levels = bandLevels(left, right, bar(from), bar(to), BANDS)
  console.log(`  ${BANDS.map(([low, high], i) => `${low}-${high}: ${levels[i]?.toFixed(1) ?? ''}`).join('  ')}  dB`)
}

/** Draws what a WAV file holds, each side or what both have in common. False where `sox` is not installed. */
export function spectrogram(
  wav: string,
  png: string,
  [width, height]: readonly [number, number],
  of = 'sides',
): boolean {
  const size = ['-x', String(width), '-y', String(height), '-z', '80', '-q', '32']
  const mono = of === 'mono' ? ['remix', '-'] : []
  return spawnSync('sox', [wav, '-n', ...mono, 'spectrogram', ...size, '-o', png]).error === undefined
}

/** Writes the mix and each part as WAV to a folder, from the tune's first bar on, with spectrograms. */
export function writeAll(folder: string, rendered: Rendered): void {
  mkdirSync(folder, { recursive: true })
  const from = rendered.bar(1)
  const parts = [{ generator: 'mix', left: rendered.left, right: rendered.right }, ...rendered.parts]
  for (const { generator, left, right } of parts) {
    const file = join(folder, `${generator}.wav`)
    writeWav(file, left.subarray(from), right.subarray(from))
    if (spectrogram(file, join(folder, `${generator}.png`), [1600, 513])) continue
    console.log('no spectrograms: sox is not installed')
    return
  }
}

export function writeWav(file: string, left: Float32Array, right: Float32Array): void {
  writeFileSync(file, Buffer.concat([wavHeader('f32', left.length), encodePcm('f32', left, right)]))
}
