import { ownedParts, refusal } from '../base/index.ts'
import type { Refusal, Ticks } from '../base/index.ts'
import { tickOf } from './items.ts'
import type { JamItem, PlayItem, SoundItem } from './items.ts'
import type { Ledger } from './ledger.ts'

/** What has to be published for a play to count. */
export const publishedAs = ({ identity, payload }: PlayItem): string =>
  `${identity} ${ownedParts(payload.generator).name} ${payload.archive}`

/** STARTER_ONLY. */
const starterOnly = (item: JamItem): Refusal =>
  refusal('STARTER_ONLY', `${item.kind}: only the starter of the jam may do this`)
/**
 * AFTER_END where an item stands at or after the end. Ticks lie at least three frames apart (the tempo is at most
 * 1,000), so comparing them compares frames.
 */
const afterEnd = (item: JamItem, at: Ticks, end: Ticks): Refusal | undefined =>
  at >= end ? refusal('AFTER_END', `${item.kind}: the jam ends before it`) : undefined
const notStarted = (ledger: Ledger): Refusal =>
  refusal('JAM_UNKNOWN', `no start of ${ledger.jam} is here: follow its starter`)

/**
 * Why an item does not count in a jam, or undefined where it does. Codes: JAM_UNKNOWN, JAM_STARTED, STARTER_ONLY, NOT_MEMBER,
 * AFTER_END, GENERATOR_FOREIGN, GENERATOR_UNPUBLISHED, INSTANCE_TAKEN.
 */
export function refuse(ledger: Ledger, item: JamItem): Refusal | undefined {
  if (item.kind === 'generator' || item.kind === 'join') return undefined
  const { start, starter, end, endTick, grid, members, fork } = ledger
  if (!start) return notStarted(ledger)
  if (item.carried && !fork?.carries(item))
    return refusal('NOT_MEMBER', `${item.kind}: the jam's start does not carry it on`)
  switch (item.kind) {
    case 'start':
      if (item.identity !== starter) return starterOnly(item)
      return item === start ? undefined : refusal('JAM_STARTED', `${ledger.name} was started before: take a new name`)
    case 'admit':
      if (members.everyone.has(item.identity)) return undefined
      return refusal('NOT_MEMBER', 'admit: only members admit')
    case 'tempo':
    case 'meter':
    case 'remove':
    case 'end':
      if (item.identity !== starter) return starterOnly(item)
      return item === end ? undefined : afterEnd(item, tickOf(item, grid), endTick)
    case 'leave':
      if (!members.everyone.has(item.identity)) return refusal('NOT_MEMBER', 'leave: not a member')
      return afterEnd(item, item.payload.at, endTick)
    case 'play':
      return refusePlay(ledger, item) ?? refuseTaken(ledger, item)
    default:
      return refusePosition(ledger, item)
  }
}

function refusePosition(ledger: Ledger, item: SoundItem): Refusal | undefined {
  const { at } = item.payload
  if (!ledger.start) return notStarted(ledger)
  if (!item.carried && !ledger.members.countsAt(item.identity, at))
    return refusal('NOT_MEMBER', `${item.kind}: its signer is no member there: a member has to admit it`)
  return afterEnd(item, at, ledger.endTick)
}

/** The same of a play, but for its instance id, which may be another's. */
export function refusePlay(ledger: Ledger, play: PlayItem): Refusal | undefined {
  const refused = refusePosition(ledger, play)
  if (refused) return refused
  const { owner, name } = ownedParts(play.payload.generator)
  if (owner !== play.identity)
    return refusal('GENERATOR_FOREIGN', `${play.payload.generator} is another player's: fork and publish it first`)
  if (ledger.isPublished(play)) return undefined
  return refusal('GENERATOR_UNPUBLISHED', `${name} with this archive is not in the feed of its player: publish it`)
}

function refuseTaken(ledger: Ledger, play: PlayItem): Refusal | undefined {
  const { identity, payload, carried } = play
  const called = !carried && ledger.isHandle(identity, payload.instance)
  if (!called && ledger.playsNaming(identity, payload.instance)[0] === play) return undefined
  return refusal('INSTANCE_TAKEN', `an earlier play uses the instance id ${payload.instance}: use another`)
}
