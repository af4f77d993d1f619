import type { Frames, Millis } from '../base/index.ts'

/** How far the engine renders ahead of what is heard: 160 ms. */
export const LOOK_AHEAD_FRAMES: Frames = 7_680
/** Of it, what rendering keeps in any case: 40 ms. The rest may lie with a card already, which takes its time to let it sound. */
export const RENDER_FRAMES: Frames = 1_920
/**
 * What an entry asked for `now` is given to be on disk and reach the engine, besides the look-ahead: 8 ms. One that takes longer is
 * heard as soon as it is there; a longer margin would make all of them wait (`bench/play.ts`).
 */
export const MARGIN_FRAMES: Frames = 384
/** An instance that takes longer for 128 frames live is detached (ENGINE-1 section 4). */
export const GUARD_MILLIS: Millis = 100
