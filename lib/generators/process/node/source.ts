import type { Frames } from '../../../base/index.ts'
import type { VoiceFailure } from '../../types.ts'
import type { Told } from '../lines.ts'

/** Where the sound of one instance comes from: its process, or what was kept of it in a take. */
export interface Source {
  /** At most so many frames, interleaved; undefined where there are none now. */
  pull(frames: Frames): Float32Array | undefined
  /** Whether all it had was pulled. */
  readonly ended: boolean
  /** Why it ended, where that was no good end. */
  readonly failure: VoiceFailure | undefined
  /** Tells it; false where it takes nothing now. */
  tell(told: Told): boolean
  close(): Promise<void>
}
