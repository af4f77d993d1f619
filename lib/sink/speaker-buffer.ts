import { SAMPLE_RATE } from '../base/index.ts'

/** What the process around `speaker` waits for before it begins, and takes at a time then: 100 ms and 50 ms. In frames. */
export const SPEAKER = { frames: (100 * SAMPLE_RATE) / 1_000, piece: (50 * SAMPLE_RATE) / 1_000 }
