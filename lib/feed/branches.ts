import type { Micros } from '../base/index.ts'
import { compareHeads } from '../entry/index.ts'
import type { HeadPosition } from '../entry/index.ts'
import type { Branch, Segment } from './types.ts'

/** A feed's branches by number. */
export type Branches = ReadonlyMap<number, Branch>

/** The chain that ends in a branch's tail, from its first segment on. */
export function chainOf(branches: Branches, id: number): readonly Segment[] {
  const chain: Segment[] = []
  let branch = branches.get(id)
  let until: Micros = branch?.tail.comparable ?? 0
  while (branch) {
    chain.push({ branch: branch.id, until })
    until = branch.at
    branch = branch.parent === undefined ? undefined : branches.get(branch.parent)
  }
  return chain.reverse()
}

/** Whether a chain holds the entry of this branch and comparable, if there is such an entry. */
export function holds(chain: readonly Segment[], branch: number, comparable: Micros): boolean {
  const segment = chain.find((each) => each.branch === branch)
  return segment !== undefined && comparable <= segment.until
}

/** The last entry that two chains share, as branch and comparable; undefined where they share none. */
export function lastShared(a: readonly Segment[], b: readonly Segment[]): Segment | undefined {
  let shared: Segment | undefined
  for (const [at, segment] of a.entries()) {
    const other = b[at]
    if (other?.branch !== segment.branch) return shared
    shared = { branch: segment.branch, until: Math.min(segment.until, other.until) }
    if (segment.until !== other.until) return shared
  }
  return shared
}

/** The highest comparable of a branch that another branch hangs on, 0 where none does. */
export function lastUsed(branches: Branches, id: number): Micros {
  let used: Micros = 0
  for (const branch of branches.values()) if (branch.parent === id && branch.at > used) used = branch.at
  return used
}

/** Branches whose tails are heads of chains that are not the feed, best first. Those being dropped are not counted. */
export function otherHeads(branches: Branches, current: number): readonly Branch[] {
  const used = new Map<number, Micros>()
  for (const { parent, at } of branches.values())
    if (parent !== undefined) used.set(parent, Math.max(at, used.get(parent) ?? 0))
  const held = new Map(chainOf(branches, current).map(({ branch, until }) => [branch, until]))
  const others: Branch[] = []
  for (const branch of branches.values()) {
    if (branch.id === current || branch.state === 'dropping') continue
    const { comparable } = branch.tail
    if (comparable > (used.get(branch.id) ?? 0) && comparable > (held.get(branch.id) ?? 0)) others.push(branch)
  }
  return others.sort((a, b) => compareHeads(b.tail, a.tail))
}

/**
 * What a chain is to the feed once its tail is checked: it takes over, waits for the head that was announced, or
 * has lost. A tail at or past the announced head counts as its arrival, so that a false announcement cannot keep
 * a chain waiting that has grown beyond it.
 */
export function judge(
  tail: HeadPosition,
  head: HeadPosition | undefined,
  announced: HeadPosition | undefined,
): 'wins' | 'arriving' | 'loses' {
  if (announced && compareHeads(tail, announced) < 0) return 'arriving'
  return head === undefined || compareHeads(tail, head) > 0 ? 'wins' : 'loses'
}
