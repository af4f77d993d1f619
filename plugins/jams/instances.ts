import { ownedParts, type PlayerId, type Ticks } from '../../lib/base/index.ts'
import { handleOf, instanceKey, keyOfInstance, type Ledger, type PlayItem } from '../../lib/jam/index.ts'
import type { InstanceRow } from './contract.ts'
import type { LiveJam } from './live.ts'

/** Of those that have been stopped or replaced so many are listed: an evening of them would fit in no answer. */
const MAX_STOPPED = 256

/**
 * What of a jam's plays counts, in the order of their places: all that goes on at a tick, of the others the last, and how many came
 * before.
 */
export function instancesOf(
  { ledger }: LiveJam,
  now: Ticks,
  shown: (player: PlayerId) => string,
): { readonly instances: InstanceRow[]; readonly stoppedBefore: number } {
  const counted = [...ledger.items()]
    .filter((item) => item.kind === 'play')
    .filter((play) => ledger.refuse(play) === undefined)
    .sort((a, b) => a.payload.at - b.payload.at || a.comparable - b.comparable)
  const stopped = stoppedIn(ledger, counted)
  const rows = counted.map((play) => {
    const { identity, payload } = play
    return {
      ...rowOf(play, ledger),
      shown: shown(identity),
      stopped: stopped.has(instanceKey(identity, payload.instance)) || isOver(play, ledger, now),
    }
  })
  let left = Math.max(0, rows.filter((row) => row.stopped).length - MAX_STOPPED)
  const stoppedBefore = left
  return { instances: rows.filter((row) => !row.stopped || --left < 0), stoppedBefore }
}

/** Instances that a counted stop names, or whose place a counted play takes. */
function stoppedIn(ledger: Ledger, plays: readonly PlayItem[]): ReadonlySet<string> {
  const stopped = new Set<string>()
  for (const item of ledger.items())
    if (item.kind === 'stop' && ledger.refuse(item) === undefined) stopped.add(keyOfInstance(ledger.targetOf(item)))
  for (const play of plays) {
    const target = ledger.targetOf(play)
    if (target) stopped.add(keyOfInstance(target))
  }
  return stopped
}

/** Whether a play has had its length, or its player has left since or was removed. */
function isOver({ identity, payload: { at, length } }: PlayItem, { members }: Ledger, now: Ticks): boolean {
  return (length !== undefined && at + length <= now) || members.outFrom(identity, at) !== undefined
}

/** One play that counts; what a fork begins with has been playing since before its first bar. */
function rowOf(play: PlayItem, { grid }: Ledger): Omit<InstanceRow, 'shown' | 'stopped'> {
  const { identity, payload } = play
  const called = handleOf(play)
  return {
    instance: payload.instance,
    player: identity,
    generator: ownedParts(payload.generator).name,
    archive: payload.archive,
    bar: Math.floor(grid.barOfTick(payload.at)) + 1,
    ...(called !== payload.instance && { called }),
  }
}
