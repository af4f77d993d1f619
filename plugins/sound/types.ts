import type { LiveJam } from '../jams/index.ts'
import type { SoundStatus } from './contract.ts'
import type { Heard } from './heard.ts'

/** What other plugins reach of the sound. */
export interface SoundApi {
  status(): SoundStatus
  /** The jam that sounds and what was heard of it, where one does. */
  sounding(): { readonly jam: LiveJam; readonly heard: Heard } | undefined
}
