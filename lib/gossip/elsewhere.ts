import type { HeadPosition } from '../entry/index.ts'
import type { Link, Turn } from './state.ts'

/** Another peer that keeps the same losing head is asked for it; one that failed has had its chance. */
export function drawElsewhere({ state, effects }: Turn, goal: HeadPosition, failed: Link | undefined): void {
  if (failed) failed.lost = failed.lost.filter(({ key }) => key !== goal.key)
  for (const link of state.links.values()) {
    if (!link.lost.some(({ key }) => key === goal.key)) continue
    effects.push({ type: 'lack', link: link.id, positions: [goal] })
    return
  }
}
