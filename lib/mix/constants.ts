/**
 * Every number that the mix fixes. They are part of engine 0 and 1 (docs/engine-1.md): changing one changes the bits
 * of every jam. Powers of ten are written out, so that no engine has to compute them.
 */

/** Length of every fade, and of the smoothing of a step in gain or pan: 5 ms. */
export const FADE_FRAMES = 240
/** What a generator writes is limited to this before the DC block (+24 dBFS), so that one wild sample is forgotten in 0.3 s. */
export const INPUT_LIMIT = 16
/** Pole of the DC block `y[n] = x[n] - x[n-1] + DC_POLE y[n-1]`: -3 dB at 3.8 Hz. */
export const DC_POLE = 0.9995
/** The state of a DC block below this is nothing: spares a silent voice the slowness of denormals. */
export const DC_FLOOR = 1e-30
/** An instance's ceiling, 23198/32768: -3.00 dBFS. Exact as float32 and as 16-bit sample. */
export const CEILING = 0.70794677734375
/** What the author's gain is limited to, in decibels; at the lower end it is silence. */
export const GAIN_LEAST = -200
export const GAIN_MOST = 24
/** -80 dBFS: below it, for QUIET_FRAMES on end, a tail is over. */
export const QUIET_LEVEL = 1e-4
/** 100 ms. */
export const QUIET_FRAMES = 4_800
/** 8 s: the longest tail, its closing fade included. */
export const TAIL_FRAMES = 384_000
/** The limiter's ceiling, 29204/32768: -1.00 dBFS. Exact as float32 and as 16-bit sample. */
export const LIMITER_CEILING = 0.8912353515625
/** Share of what is missing to unity that the limiter gives back each frame: a time constant of 4,800 frames, 100 ms. */
export const LIMITER_RELEASE = 1 / 4_800
/** This close to unity the limiter is at unity, so that what needs no limiting passes bit for bit. */
export const LIMITER_UNITY = 0.9999999

/** Lines that an instance may log in 48,000 of its frames, and characters in each; more are dropped. */
export const MAX_LOGS = 16
export const MAX_LOG_TEXT = 512
/** Instances that one group renders, those in their tails included. */
export const MAX_INSTANCES = 256
