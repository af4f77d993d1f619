import type { Frames, JamId, Millis, PlayerId } from '../../lib/base/index.ts'
import type { PlacedItem } from '../../lib/jam/index.ts'
import type { ClockRow, PlayAnswer } from './contract.ts'
import type { JamChange, LiveJam } from './live.ts'

/** What this node's sound engine says of a change: from where on it is heard here, or why not yet. */
export type Sounder = (jam: LiveJam, item: PlacedItem) => Promise<PlayAnswer>

/** What other plugins reach of the jams. */
export interface JamsApi {
  /** The jam joined last, the one that sounds. */
  current(): LiveJam | undefined
  /** The jam frame of this moment. */
  now(jam: LiveJam): Frames
  /** Monotonic time of this machine at which the jam's frame 0 was, or will be. */
  zero(jam: LiveJam): Millis
  /** Whose time a jam has here. */
  clock(jam: LiveJam): ClockRow
  /** Resolves when a jam's time is measured, or cannot be for now. */
  clockSettled(jam: LiveJam): Promise<void>
  /** Calls when the zero of the jam that sounds changed. */
  onZero(listener: (jam: LiveJam, zero: Millis) => void): () => void
  /** Every jam that is joined here. */
  joined(): readonly LiveJam[]
  /** The jam that text names: a name, `starter:name`, an id; the current one where there is no text. @throws JAM_UNKNOWN, JAM_AMBIGUOUS, JAM_NOT_NAMED */
  resolve(text?: string): Promise<LiveJam>
  /** Makes a joined jam the one that sounds. */
  select(jam: JamId): Promise<void>
  /** Lets a player in; nothing where it is in already. @throws STARTER_ONLY where only the starter lets it back in */
  admit(jam: LiveJam, player: PlayerId): Promise<void>
  onChange(listener: (jam: LiveJam, change: JamChange) => void): () => void
  onCurrent(listener: (jam: LiveJam | undefined) => void): () => void
  /** The sound plugin answers for what changes what sounds. */
  setSounder(sounder: Sounder): void
}
