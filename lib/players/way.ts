import type { Micros, PlayerId } from '../base/index.ts'
import type { Edges } from './edges.ts'

/** One step of the way to a player: who follows whom, and since when. */
export interface Step {
  readonly follower: PlayerId
  readonly player: PlayerId
  readonly since: Micros
}

/** How a player is reached: the steps from one's own player to it, and how many more follow it from as near. */
export interface Way {
  readonly steps: readonly Step[]
  readonly others: number
}

interface Known {
  /** Everyone within reach with its distance. */
  readonly hops: ReadonlyMap<PlayerId, number>
  readonly follow: ReadonlyMap<PlayerId, Edges>
}

/** Of several ways one that is as short as any, over the oldest follows; no steps where there is none. */
export function wayTo(known: Known, player: PlayerId): Way {
  const steps: Step[] = []
  let others = 0
  for (let at = player; known.hops.get(at) !== 0;) {
    const [step, ...more] = stepsTo(known, at)
    if (!step) return { steps: [], others: 0 }
    if (at === player) others = more.length
    steps.unshift(step)
    at = step.follower
  }
  return { steps, others }
}

/** The last steps of all shortest ways, the oldest follow first. */
function stepsTo({ hops, follow }: Known, player: PlayerId): Step[] {
  const steps: Step[] = []
  const hop = hops.get(player)
  if (hop === undefined) return steps
  for (const [follower, edges] of follow) {
    const edge = hops.get(follower) === hop - 1 ? edges.get(player) : undefined
    if (edge) steps.push({ follower, player, since: edge.position.comparable })
  }
  return steps.sort((a, b) => a.since - b.since)
}
