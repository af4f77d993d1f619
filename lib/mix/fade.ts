import { FADE_FRAMES } from './constants.ts'

/**
 * The shape of every fade: 3x² - 2x³ at x = i/240, i from 0 to 240. Its slope is 0 at both ends, so a sine of 100 Hz at
 * -6 dBFS started or stopped anywhere leaves below -70 dBFS above 5 kHz (a straight line leaves -50), and its first
 * step is above 0, so an impulse on an instance's first frame is still there, 86 dB down.
 */
export const FADE: Float64Array = Float64Array.from({ length: FADE_FRAMES + 1 }, (_, i) => {
  const x = i / FADE_FRAMES
  return x * x * (3 - 2 * x)
})

/** Factor of the i-th frame of a fade in: 5.2e-5 at 0, 1 from 239 on. */
export const fadeIn = (i: number): number => (i >= FADE_FRAMES ? 1 : (FADE[i + 1] ?? 1))
/** Factor of the i-th frame of a fade out: just below 1 at 0, 0 from 239 on. */
export const fadeOut = (i: number): number => (i >= FADE_FRAMES ? 0 : (FADE[FADE_FRAMES - 1 - i] ?? 0))
