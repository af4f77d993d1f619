import { ownedParts, type PlayerId, type Ticks } from '../../lib/base/index.ts'
import {
  handleOf,
  instanceKey,
  keyOfInstance,
  type InstanceRef,
  type Ledger,
  type PlayItem,
} from '../../lib/jam/index.ts'
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
  const stops = stopsIn(ledger, counted)
  const rows = counted.map((play) => {
    const { identity, payload } = play
    const { at, length = Infinity } = payload
    const stop = stops.get(instanceKey(identity, payload.instance))
    const until = Math.min(stop ?? Infinity, at + length)
    return {
      ...rowOf(play, ledger),
      shown: shown(identity),
      stopped: stop !== undefined || until <= now || ledger.members.outFrom(identity, at) !== undefined,
      ...(until > now && until < Infinity && { until: barOf(until, ledger) }),
    }
  })
  let left = Math.max(0, rows.filter((row) => row.stopped).length - MAX_STOPPED)
  const stoppedBefore = left
  return { instances: rows.filter((row) => !row.stopped || --left < 0), stoppedBefore }
}

/** Where instances stop that a counted stop names, or whose place a counted play takes. */
function stopsIn(ledger: Ledger, plays: readonly PlayItem[]): ReadonlyMap<string, Ticks> {
  const stops = new Map<string, Ticks>()
  const note = (target: InstanceRef, at: Ticks): void => {
    const key = keyOfInstance(target)
    stops.set(key, Math.min(stops.get(key) ?? Infinity, at))
  }
  for (const item of ledger.items())
    if (item.kind === 'stop' && ledger.refuse(item) === undefined) note(ledger.targetOf(item), item.payload.at)
  for (const play of plays) {
    const target = ledger.targetOf(play)
    if (target) note(target, play.payload.at)
  }
  return stops
}

/** Counted from 1. */
const barOf = (tick: Ticks, { grid }: Ledger): number => Math.floor(grid.barOfTick(tick)) + 1

/** One play that counts; what a fork begins with has been playing since before its first bar. */
function rowOf(play: PlayItem, ledger: Ledger): Omit<InstanceRow, 'shown' | 'stopped' | 'until'> {
  const { identity, payload } = play
  const called = handleOf(play)
  return {
    instance: payload.instance,
    player: identity,
    generator: ownedParts(payload.generator).name,
    archive: payload.archive,
    bar: barOf(payload.at, ledger),
    ...(called !== payload.instance && { called }),
  }
}
