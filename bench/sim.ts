/**
 * Many seeds of the simulator, in as many processes as there are processors:
 * `npm run sim -- [--seeds 1000] [--first 1] [--nodes 300] [--kind standard] [--processes N]`.
 *
 * Ends with 1 where a seed failed; its report says how to run it again alone. `--first` goes on where a run was broken
 * off: the last line of progress says up to which seed all are done. SIM_SEED, SIM_NODES and SIM_KIND do as the options.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { KINDS } from '../test/sim/history.ts'
import type { Kind } from '../test/sim/history.ts'
import { reportOf } from '../test/sim/report.ts'
import type { Verdict } from '../test/sim/verdict.ts'
import { Figures } from './kit/figures.ts'
import { tableOf } from './kit/table.ts'
import { judgeAll } from './sim/pool.ts'
import type { Task } from './sim/pool.ts'
import { Progress } from './sim/progress.ts'

interface Wanted {
  readonly kind: Kind
  readonly nodes: number
  readonly first: number
  readonly seeds: number
  readonly processes: number
}

function readWanted(): Wanted {
  const { env } = process
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: env['SIM_SEED'] ? '1' : '1000' },
      first: { type: 'string', default: env['SIM_SEED'] ?? '1' },
      nodes: { type: 'string', default: env['SIM_NODES'] ?? '300' },
      kind: { type: 'string', default: env['SIM_KIND'] ?? 'standard' },
      processes: { type: 'string', default: String(availableParallelism()) },
    },
  })
  const { kind } = values
  if (!isKind(kind)) throw new Error(`--kind is one of ${Object.keys(KINDS).join(', ')}`)
  const seeds = wholeFrom(1, '--seeds', values.seeds)
  return {
    kind,
    seeds,
    first: wholeFrom(0, '--first', values.first),
    nodes: wholeFrom(2, '--nodes', values.nodes),
    processes: Math.min(seeds, wholeFrom(1, '--processes', values.processes)),
  }
}

const isKind = (text: string): text is Kind => text in KINDS

function wholeFrom(least: number, option: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least) throw new Error(`${option} takes a whole number from ${least} on`)
  return value
}

function* tasksOf({ kind, nodes, first, seeds }: Wanted): Generator<Task, undefined> {
  for (let seed = first; seed < first + seeds; seed++) yield { kind, nodes, seed }
  return undefined
}

function tableOfAll(verdicts: readonly Verdict[], { kind, nodes }: Wanted, failed: number): string {
  const figures = new Figures()
  for (const { settled, received, stored, bytes, frames, cuts, events } of verdicts) {
    figures.add('entries received for each stored', received / stored, 'times')
    figures.add('virtual time until the last head changed', settled / 1_000, 's')
    figures.add('entries stored, over all nodes', stored, '')
    figures.add('frames', frames, '')
    figures.add('bytes for each entry stored', bytes / stored, 'B')
    figures.add('connections that ended', cuts, '')
    figures.add('events', events, '')
  }
  figures.note(
    `${verdicts.length - failed} of ${verdicts.length} seeds: every node has the same heads, nothing is lost`,
  )
  return tableOf(figures.section(`${nodes} simulated nodes, ${kind}`))
}

const wanted = readWanted()
const progress = new Progress(wanted.first, wanted.seeds)
const verdicts: Verdict[] = []
let failed = 0
await judgeAll(tasksOf(wanted), wanted.processes, (verdict, { kind, nodes }) => {
  verdicts.push(verdict)
  progress.done(verdict.seed)
  if (verdict.problems.length === 0) return
  failed++
  progress.say(reportOf(kind, nodes, verdict))
})
progress.end()
console.log(tableOfAll(verdicts, wanted, failed))
process.exitCode = failed > 0 ? 1 : 0
