import { ownedParts, refusal } from '../base/index.ts'
import type { Refusal, Ticks } from '../base/index.ts'
import type { JamItem, PlayItem } from './items.ts'

/** What has to be published for a play to count. */
export const publishedAs = ({ identity, payload }: PlayItem): string =>
  `${identity} ${ownedParts(payload.generator).name} ${payload.archive}`

/** STARTER_ONLY. */
export const starterOnly = (item: JamItem): Refusal =>
  refusal('STARTER_ONLY', `${item.kind}: only the starter of the jam may do this`)
/**
 * AFTER_END where an item stands at or after the end. Ticks lie at least three frames apart (the tempo is at most
 * 1,000), so comparing them compares frames.
 */
export const afterEnd = (item: JamItem, at: Ticks, end: Ticks): Refusal | undefined =>
  at >= end ? refusal('AFTER_END', `${item.kind}: the jam ends before it`) : undefined
