/**
 * Steps that one call into a generator may take before its instance is ended. A step is about one instruction
 * (`opcodes.ts` and `abi.ts` have the weights). These amounts are engine 0's and may change until engine 1 fixes them.
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
  /** mm_stop. */
  stop: 2_000_000,
  /** mm_abi, mm_output. */
  question: 100_000,
} as const
