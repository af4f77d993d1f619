/**
 * The same scores on every Node that is here, on 1, 2 and 4 threads, with and without other members' points of parameters: one hash
 * each, or an error: `node --import tsx bench/engines.ts`. Node 22 and 24 come with `npm --prefix bench install`.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { inFolder } from './kit/folders.ts'
import { runPartWith } from './kit/part.ts'

const PARTS = new URL('./engines/parts.ts', import.meta.url)
const THREADS = [1, 2, 4]
/** What is rendered, and what must come out alike: of a jam with points only the stems of those whom nobody changed. */
const TUNES = [
  { tune: 'first-light', points: 'without points' },
  { tune: 'sends', points: 'without points' },
  { tune: 'sends', points: 'with points' },
]

interface Hashes {
  readonly mix: string
  readonly others: string
  readonly v8: string
}

const others = ['node22', 'node24'].map((name) => join(import.meta.dirname, 'node_modules', name, 'bin/node'))
const engines = [process.execPath, ...others.filter((program) => existsSync(program))]
const mixes = new Map<string, Set<string>>()
const stems = new Map<string, Set<string>>()

function note(all: Map<string, Set<string>>, what: string, hash: string): void {
  all.set(what, (all.get(what) ?? new Set()).add(hash))
}

await inFolder(async (folder) => {
  for (const engine of engines) {
    const version = execFileSync(engine, ['--version'], { encoding: 'utf8' }).trim()
    for (const { tune, points } of TUNES) {
      for (const threads of THREADS) {
        const made = await runPartWith<Hashes>(engine, PARTS, 'hashes', folder, tune, points, threads)
        note(mixes, `${tune}, ${points}`, made.mix)
        note(stems, tune, made.others)
        const hashes = `mix ${made.mix.slice(0, 16)}  others' stems ${made.others.slice(0, 16)}`
        console.log(`${version.padEnd(9)} V8 ${made.v8.padEnd(19)} ${threads} threads  ${hashes}  ${tune}, ${points}`)
      }
    }
  }
})
for (const [what, hashes] of [...mixes, ...stems]) {
  if (hashes.size !== 1) throw new Error(`${what}: ${hashes.size} hashes, where there must be one`)
}
if (mixes.get('sends, with points')?.has([...(mixes.get('sends, without points') ?? [])].join('')))
  throw new Error('the points changed nothing, so nothing was shown')
console.log(
  `${engines.length} engines, ${THREADS.join(', ')} threads: one hash of each mix, one of what nobody changed.`,
)
if (engines.length < 3) console.log('Node 22 and 24 are not here: npm --prefix bench install')
