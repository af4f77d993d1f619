import type { Micros, PlayerId } from '../base/index.ts'
import type { HeadPosition } from '../entry/index.ts'
import type { Store } from '../store/types.ts'
import { MAX_POINTS } from './wire.ts'

/** The newest entries that are all named; further back the distances double. */
const NEAR = 8

/**
 * Positions of the own chain, newest first: the last eight, then at distances in time that double, then the first;
 * at most 64. Each is one look into the store, however long the feed.
 */
export async function samplePositions(store: Pick<Store, 'read'>, identity: PlayerId): Promise<HeadPosition[]> {
  const points: HeadPosition[] = []
  for await (const entry of store.read(identity, { reverse: true, limit: NEAR })) points.push(positionOf(entry))
  const newest = points[0]
  const oldest = points.at(-1)
  if (!newest || !oldest || points.length < NEAR) return points
  let gap: Micros = Math.max(1, newest.comparable - oldest.comparable)
  let last = oldest
  while (points.length < MAX_POINTS - 1) {
    const next = await lastUntil(store, identity, last.comparable - gap)
    if (!next) break
    points.push(next)
    last = next
    gap *= 2
  }
  for await (const entry of store.read(identity, { limit: 1 }))
    if (entry.key !== last.key) points.push(positionOf(entry))
  return points
}

const positionOf = ({ comparable, key }: HeadPosition): HeadPosition => ({ comparable, key })

async function lastUntil(
  store: Pick<Store, 'read'>,
  identity: PlayerId,
  until: Micros,
): Promise<HeadPosition | undefined> {
  if (until < 1) return undefined
  for await (const entry of store.read(identity, { until, reverse: true, limit: 1 })) return positionOf(entry)
  return undefined
}
