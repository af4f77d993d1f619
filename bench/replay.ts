/**
 * How much faster than real time first-light is replayed, and a jam of four minutes with eight instances, with one rendering thread
 * and with two: `node --import tsx bench/replay.ts [--quick] [--rounds N]`.
 */
import { runAlone } from './kit/alone.ts'
import { Figures, type Section } from './kit/figures.ts'
import { inFolder } from './kit/folders.ts'
import type { Options } from './kit/options.ts'
import { runPart } from './kit/part.ts'

/** What is replayed, by the name that its part knows it by. */
const TUNES: Readonly<Record<string, string>> = {
  'first-light': 'four instances, from entries to a WAV file of 32-bit float',
  eight: 'eight instances, two of each of first-light, to the end',
}
const PARTS = new URL('./replay/parts.ts', import.meta.url)

interface Replayed {
  readonly seconds: number
  readonly ms: number
  readonly cpu: number
  readonly speed: number
  readonly sha256: string
}

export async function measureReplay({ rounds }: Options): Promise<Section> {
  const figures = new Figures()
  await inFolder(async (folder) => {
    for (const [tune, about] of Object.entries(TUNES)) {
      const hashes = new Set<string>()
      for (let round = 0; round < rounds; round++) {
        for (const threads of [1, 2]) {
          const { seconds, ms, cpu, speed, sha256, rss } = await runPart<Replayed>(
            PARTS,
            'replay',
            folder,
            tune,
            threads,
          )
          const what = `${tune}, rendering threads: ${threads}`
          figures.add(what, (seconds * 1000) / ms, 'x real time')
          figures.add(`${what}: rendering alone`, speed, 'x real time')
          figures.add(`${what}: processor`, (cpu / seconds) * 1000, 'ms/s of sound')
          figures.add(`${what}: memory at most`, rss, 'MiB')
          figures.note(`${tune}: ${seconds.toFixed(1)} s of sound, ${about}`)
          hashes.add(sha256)
        }
      }
      if (hashes.size !== 1) throw new Error(`the replays of ${tune} differ: ${[...hashes].join(' ')}`)
      figures.note(`every replay of ${tune} gave the same file, SHA-256 ${[...hashes].join('').slice(0, 16)}…`)
    }
  })
  return figures.section('Replay')
}

await runAlone(import.meta.url, measureReplay)
