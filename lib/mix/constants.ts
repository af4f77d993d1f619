/**
 * Every number that the mix fixes. They are part of engine 1 (docs/engine-1.md): changing one changes the bits
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

/** A send below this is none, and a bus whose input and return have stayed below it sleeps: -100 dBFS. */
export const BUS_FLOOR = 1e-5
/** What a bus keeps of a sound below this is nothing: spares the slowness of denormals. */
export const BUS_NOTHING = 1e-20

/** The room: what is sent is without its lowest tones (one pole, 200 Hz), comes 20 ms later, and is smeared by four allpasses a side. */
export const ROOM_LOW_CUT = 0.026
export const ROOM_PRE_DELAY = 960
/** Length in frames, left and right, and gain of each allpass. Source: the lengths of J. Dattorro's plate, at 48 kHz, made prime. */
export const ROOM_DIFFUSERS = [
  { left: 229, right: 241, gain: 0.75 },
  { left: 173, right: 181, gain: 0.75 },
  { left: 613, right: 631, gain: 0.625 },
  { left: 449, right: 463, gain: 0.625 },
] as const
/**
 * The eight lines: frames, primes from 30 to 71 ms; gain, so that 60 dB are gone in 2.0 s (10^(-3 frames / 96,000)); share
 * of the one-pole, so that at the top they are gone in 0.35 s. Source: J.-M. Jot, Digital delay networks (1991).
 */
export const ROOM_LINES = [
  { frames: 1_447, gain: 0.901117, share: 0.759386 },
  { frames: 1_613, gain: 0.890418, share: 0.733046 },
  { frames: 1_861, gain: 0.874669, share: 0.694437 },
  { frames: 2_131, gain: 0.85784, share: 0.653519 },
  { frames: 2_389, gain: 0.842061, share: 0.615612 },
  { frames: 2_683, gain: 0.824435, share: 0.573947 },
  { frames: 3_023, gain: 0.80451, share: 0.52793 },
  { frames: 3_407, gain: 0.782585, share: 0.478891 },
] as const
/** 1/sqrt(8): makes the Hadamard matrix of eight keep power. */
export const ROOM_SPREAD = 0.3535533905932738
/** Of the four lines that a side hears: a noise sent at 1 comes back as loud as it went. */
export const ROOM_RETURN = 0.5
/** For how long a room must have been below the floor to be empty. */
export const ROOM_MEMORY = 9_600

/** The echo: three sixteenths, to the nearest frame. */
export const ECHO_BEATS = 0.75
/** Of one echo to the next: -5.2 dB. */
export const ECHO_FEEDBACK = 0.55
/** Shares of the one-poles that take from each echo what lies above 3.9 kHz and below 120 Hz. */
export const ECHO_DAMPING = 0.4
export const ECHO_LOW_CUT = 0.0156
/** How much of each echo the other side hears. */
export const ECHO_CROSS = 0.25
/** A change of its length is faded over 43 ms. */
export const ECHO_CHANGE = 2_048

/** Lines that an instance may log in 48,000 of its frames, and characters in each; more are dropped. */
export const MAX_LOGS = 16
export const MAX_LOG_TEXT = 512
/** Instances that sound at once, those in their tails included. */
export const MAX_INSTANCES = 256
/** Of one player, so that nobody has all the room. */
export const MAX_PLAYER_INSTANCES = 64
/** Sketches that sound at once besides, those in their tails included. */
export const MAX_SKETCH_INSTANCES = 16
/** Room for all of them. */
export const MAX_SLOTS = MAX_INSTANCES + MAX_SKETCH_INSTANCES
