import type { HeadPosition } from '../entry/index.ts'
import type { Ask, GossipState, Link } from './state.ts'
import type { Turn } from './turn.ts'

/** Chains up to losing heads that one peer is asked for at a time, those that failed of late among them. */
export const MAX_LOST_STREAMS = 8

/** Which of the losing heads that a peer keeps are here? One look at a time for each link. */
export function lookForLost({ state, effects }: Turn, link: Link): void {
  const { lost } = link
  lost.due = lost.looked.length > 0
  if (lost.due) return
  lost.looked = lost.heads.filter(({ key }) => !state.goals.has(key))
  if (lost.looked.length > 0) effects.push({ type: 'lack', link: link.id, positions: lost.looked })
}

/** Another peer that keeps the same losing head is asked for it; those that failed wait for their time. */
export function drawElsewhere(turn: Turn, goal: HeadPosition): void {
  for (const link of turn.state.links.values()) {
    if (!link.lost.heads.some(({ key }) => key === goal.key) || !mayDraw(link, goal)) continue
    lookForLost(turn, link)
    return
  }
}

/** Whether another peer keeps the losing head that is drawn, and may be asked for it. */
export function isKeptElsewhere({ links }: GossipState, { link: than, goal }: Ask): boolean {
  if (!goal) return false
  for (const link of links.values())
    if (link.id !== than && link.lost.heads.some(({ key }) => key === goal.key) && mayDraw(link, goal)) return true
  return false
}

/** Whether a peer may be asked for a losing head now. */
export function mayDraw({ lost, asks }: Link, { key }: HeadPosition): boolean {
  if (lost.tried.get(key)?.until !== undefined) return false
  let taken = 0
  for (const made of asks.values()) if (made.goal) taken++
  for (const { until } of lost.tried.values()) if (until !== undefined) taken++
  return taken < MAX_LOST_STREAMS
}
