import type { SoundStatus } from './contract.ts'

/** What other plugins reach of the sound. */
export interface SoundApi {
  status(): SoundStatus
}
