import { TICKS_PER_BEAT, ownedParts, refOf } from '../base/index.ts'
import type { Frames, Name, Ticks } from '../base/index.ts'
import type { EventLog } from './events.ts'
import type { HeldTags } from './held-tags.ts'
import type { PlayItem } from './items.ts'
import type { Ledger } from './ledger.ts'
import { pathOf } from './score.ts'
import type { Command, InstanceSpec, TagValue } from './types.ts'
import type { Wakes } from './wakes.ts'

/** One block of 128 frames, and what takes effect in it. */
export interface Window {
  readonly from: Frames
  readonly to: Frames
  /** The first of this session: what runs already starts in place. */
  readonly first: boolean
  out: Command[]
  /** What tags held before it, once somebody has asked: what counts does not change while a block is told. */
  held?: HeldTags
}

/** What the stage needs of the conductor. */
export interface StageParts {
  readonly ledger: Ledger
  readonly wakes: Wakes
  readonly log: EventLog
  /** Newest value of a tag by anybody at a frame. */
  readonly newest: (name: Name, frame: Frames) => TagValue | undefined
  /** The first bar line before the block, from the play's `at` on, at which entries alone made its `when` hold. */
  readonly heldBefore: (play: PlayItem, window: Window) => Ticks | undefined
}

/** The instance that a command is for. */
export function instanceOf(command: Command): string | undefined {
  if (command.kind === 'start') return command.spec.path
  return command.kind === 'stop' || command.kind === 'param' ? command.path : undefined
}

/**
 * What a play asks for, ready to be started.
 * @param stands tick of its `at`, or of the bar line at which its `when` held
 * @param params as in force at its first frame
 */
export function specOf(play: PlayItem, stands: Ticks, params: Readonly<Record<string, number>>): InstanceSpec {
  const { jam, generator, instance, archive, at } = play.payload
  return {
    jam,
    path: pathOf(play),
    player: refOf(play.identity),
    generator: ownedParts(generator).name,
    instance,
    archive,
    order: { at, comparable: play.comparable, key: play.key },
    params,
    startBeat: stands / TICKS_PER_BEAT,
  }
}
