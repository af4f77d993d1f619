import { availableParallelism } from 'node:os'
import type { Ticks } from '../base/index.ts'
import { instanceKey, type Score } from '../jam/index.ts'

/** Instances for which a thread of its own pays, offline: threads wait for each other at every block, awake. */
const INSTANCES_EACH = 2
const MAX_THREADS = 4

/** The most instances of a score that sound at once, their tails left out. */
export function mostAtOnce({ plays, stops, endTick }: Score): number {
  const ends = new Map<string, Ticks>()
  const endBy = (key: string, tick: Ticks): void => void ends.set(key, Math.min(tick, ends.get(key) ?? endTick))
  for (const { identity, payload } of stops) endBy(instanceKey(identity, payload.instance), payload.at)
  for (const { identity, payload } of plays) {
    const { instance, at, length, replaces } = payload
    if (length !== undefined) endBy(instanceKey(identity, instance), at + length)
    if (replaces !== undefined) endBy(instanceKey(identity, replaces), at)
  }
  const turns = plays.flatMap(({ identity, payload }) => [
    { at: payload.at, by: 1 },
    { at: Math.max(payload.at, ends.get(instanceKey(identity, payload.instance)) ?? endTick), by: -1 },
  ])
  let most = 0
  let now = 0
  for (const { by } of turns.sort((a, b) => a.at - b.at || a.by - b.by)) most = Math.max(most, (now += by))
  return most
}

/** How many threads render a score fastest here. */
export const threadsFor = (score: Score): number =>
  Math.max(1, Math.min(MAX_THREADS, availableParallelism(), Math.floor(mostAtOnce(score) / INSTANCES_EACH)))
