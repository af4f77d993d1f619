/**
 * What plays is replaced about every beat of a jam at 300 BPM, by a pattern and a module in turn, on a real node with a paced sink:
 * `SWAPS=1000 node --import tsx bench/swaps.ts` (100 where it is not said). Printed: underruns, and those of as long a time before in which
 * nothing was swapped, so that a busy machine is told from busy swaps; what did not start; how the memory of node and engine goes on
 * growing (Linux alone says); whether score and take give the same samples again. Clicks are looked for by `test/engine/swaps.test.ts`,
 * where time waits for the machine.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { jamIdOf, name as checkedName } from '../lib/base/index.ts'
import { packageRoot } from '../lib/base/node/root.ts'
import { readTake } from '../lib/engine/index.ts'
import { generatorsContract } from '../plugins/generators/index.ts'
import { jamsContract } from '../plugins/jams/index.ts'
import { nodeContract } from '../plugins/node/index.ts'
import { soundContract, type SoundReport, type SoundStatus } from '../plugins/sound/index.ts'
import { median, quantile } from './kit/figures.ts'
import { inFolder } from './kit/folders.ts'
import { anonymousOf, hasProc } from './kit/proc.ts'
import { type Program, sounding, withProgram } from './kit/program.ts'
import { nodeOptions } from './kit/spawned.ts'

const swaps = Number(process.env['SWAPS'] ?? 100)
const TEMPO = 300
/** A little more than a beat, so that no two swaps stand at one. */
const EVERY_MILLIS = 220
const GENERATORS = ['groove', 'bass'] as const
/** Swaps before memory is looked at: until then pools and caches fill. */
const WARM = 0.3
const LOOK_EVERY = 5

interface Memory {
  readonly swap: number
  readonly node: number
  readonly engine: number
}

interface Swapped {
  readonly report: SoundReport
  readonly status: SoundStatus
  /** Underruns while nothing was swapped. */
  readonly still: number
  readonly memory: readonly Memory[]
  /** Milliseconds that the calls took. */
  readonly calls: readonly number[]
}

async function swapAll(node: Program, jam: ReturnType<typeof jamIdOf>): Promise<Swapped> {
  for (const name of GENERATORS)
    await node.ask(generatorsContract).authoring.publish({ folder: join(packageRoot(), 'fixtures/generators', name) })
  const { jam: jams, perform } = node.ask(jamsContract)
  const { sound } = node.ask(soundContract)
  await jams.start({ name: 'swaps', tempo: TEMPO })
  await sounding(node)
  const { pid } = await node.ask(nodeContract).node.status()
  const { engine = 0 } = await sound.status()
  let { instance } = await perform.play({ jam, generator: GENERATORS[0], on: 'beat' })
  await wait(swaps * EVERY_MILLIS)
  const { underruns: still } = await sound.status()
  const memory: Memory[] = []
  const calls: number[] = []
  for (let swap = 1; swap <= swaps; swap++) {
    await wait(Math.max(0, EVERY_MILLIS - (calls.at(-1) ?? 0)))
    const began = performance.now()
    const generator = GENERATORS[swap % GENERATORS.length] ?? ''
    const played = await perform.play({ jam, generator, replaces: instance, on: 'beat' })
    calls.push(performance.now() - began)
    instance = played.instance
    if (hasProc() && swap % LOOK_EVERY === 0) memory.push({ swap, node: anonymousOf(pid), engine: anonymousOf(engine) })
  }
  const status = await sound.status()
  await jams.end({ jam, on: 'bar' })
  return { report: await sound.finished(), status, still, memory, calls }
}

/** KiB a swap by which it goes on growing once it is warm: the slope of the line that fits best. */
function growth(memory: readonly Memory[], of: 'node' | 'engine'): number {
  const warm = memory.filter(({ swap }) => swap > swaps * WARM)
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(warm.map(({ swap }) => swap)), mean(warm.map((one) => one[of]))]
  const along = warm.reduce((sum, one) => sum + (one.swap - x) * (one[of] - y), 0)
  return (along / warm.reduce((sum, { swap }) => sum + (swap - x) ** 2, 0)) * 1_024
}

/** SHA-256 of the samples of a replay by the program itself. */
async function replayed(home: string, out: string, ...options: readonly string[]): Promise<string> {
  const program = join(packageRoot(), 'bin/marmalade.ts')
  const args = [...nodeOptions(), program, 'replay', 'swaps', '--json', '--home', home, '--out', out, ...options]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return (JSON.parse(stdout) as { samplesSha256: string }).samplesSha256
}

await inFolder(async (folder) => {
  const home = join(folder, 'node')
  const { report, status, still, memory, calls } = await withProgram({ home, sink: 'null' }, (node) =>
    swapAll(node, jamIdOf(node.id, checkedName('swaps'))),
  )
  const { records } = await readTake(report.take)
  const started = records.filter((record) => record.kind === 'started').length
  const out = join(folder, 'replay.wav')
  const scores = [await replayed(home, out), await replayed(home, out, '--threads', '1')]
  const take = await replayed(home, out, '--take', report.take)
  console.log(`${swaps} swaps`)
  console.log(`  started                        ${started} of ${swaps + 1}, ${report.late} late`)
  console.log(`  failed or refused              ${status.failures.length}`)
  console.log(`  sounding at the end            ${status.instances.length}`)
  console.log(
    `  underruns                      ${report.underruns - still}; ${still} before, while nothing was swapped`,
  )
  console.log(`  frames skipped                 ${report.skippedFrames}`)
  console.log(
    `  a call took                    median ${median(calls).toFixed(1)}, 99th percentile ${quantile(calls, 0.99).toFixed(1)} ms`,
  )
  for (const of of ['node', 'engine'] as const) {
    const all = memory.map((one) => one[of])
    const [first = NaN, last = NaN] = [all[Math.floor(all.length * WARM)], all.at(-1)]
    console.log(
      `  ${of.padEnd(6)} anonymous memory        ${first.toFixed(1)} MiB warm, ${last.toFixed(1)} at the end: ${growth(memory, of).toFixed(1)} KiB a swap`,
    )
  }
  console.log(
    `  the score, twice               ${scores[0] === scores[1] ? 'the same' : 'NOT THE SAME'}: ${scores[0]?.slice(0, 16) ?? ''}`,
  )
  console.log(
    `  the take                       ${take === report.samplesSha256 ? 'what was heard' : 'NOT WHAT WAS HEARD'}`,
  )
  const right = started === swaps + 1 && scores[0] === scores[1] && take === report.samplesSha256
  if (!right || report.underruns - still + report.skippedFrames + status.failures.length > 0) process.exitCode = 1
})
