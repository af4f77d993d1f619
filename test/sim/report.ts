import type { Kind } from './history.ts'
import type { Verdict } from './verdict.ts'

/** How many of the things that are wrong are told: they are mostly one thing at many nodes. */
const TOLD = 8

/** A seed that failed, as one would report it, with how to see it again alone. */
export function reportOf(kind: Kind, nodes: number, verdict: Verdict): string {
  const { seed, problems, settled, events, cuts } = verdict
  const more = problems.length - TOLD
  return [
    `seed ${seed} of ${nodes} nodes (${kind}): ${problems.length} problems`,
    ...problems.slice(0, TOLD).map((problem) => `  ${problem}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
    `  the last head changed ${Math.round(settled)} ms after the last disturbance; ${events} events, ${cuts} connections ended`,
    `  again: SIM_KIND=${kind} SIM_SEED=${seed} SIM_NODES=${nodes} npm run sim`,
  ].join('\n')
}
