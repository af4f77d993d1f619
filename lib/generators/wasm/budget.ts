/**
 * Steps that one call into a generator may take before its instance is ended, nothing carried over. A step is about one
 * instruction (`opcodes.ts` and `abi.ts` have the weights). Part of engine 1 (docs/engine-1.md): changing one changes
 * where code ends.
 * Measured on 2 virtual cores: a block of the demo's heaviest voice takes 1.7 million at most, and code that burns a whole block's
 * budget on purpose (empty loops, divisions, denormals, fills of 16 MiB, the log) holds the thread for 1 to 16 ms.
 */
export const BUDGET = {
  /** mm_init: tables may be computed here. */
  init: 16_000_000,
  /** mm_process, whatever its number of frames. */
  block: 8_000_000,
  /** mm_param. */
  param: 2_000_000,
  /** mm_event, of which a block has as many as there are handles, and mm_note, of which 128 frames have at most 256. */
  event: 250_000,
  /** mm_stop. */
  stop: 2_000_000,
  /** mm_save and mm_load, each. */
  state: 2_000_000,
  /** mm_abi, mm_output, mm_state. */
  question: 100_000,
} as const

/** What every entry of a function and every turn of a loop costs by itself. */
export const CHARGE_WEIGHT = 5
/**
 * Where weights stop growing: above every budget, and below what 32 bits hold. Code that is never reached may hold calls
 * without operands, 260,000 in a function, whose weight would else wrap round and give steps back.
 */
export const HEAVIEST = 2 ** 30

/**
 * Slots that calls inside each other may hold, of about 8 bytes of a machine's stack: 256 KiB of the 984 that V8 has. A function
 * that calls others of the module holds `frameOf` of them while it runs; one that calls none holds none. Part of engine 1.
 */
export const DEPTH = 32_768

/**
 * Slots of a function: what every call takes, its parameters and locals, the operands that wait at most, and an eighth of
 * its code's bytes, for what an optimiser keeps of values computed once and used again.
 */
export const frameOf = (locals: number, operands: number, bytes: number): number =>
  16 + locals + operands + Math.floor(bytes / 8)
