/** Bounds on a module, each far above what a generator needs and low enough that parsing and compiling stay cheap. */
export const LIMITS = {
  /** Bytes. */
  module: 4 * 1024 * 1024,
  /** Of one function's code. V8's optimiser takes memory by the square of it: 480 kB took it 22 GB. */
  body: 128 * 1024,
  sections: 1_000,
  types: 1_000,
  params: 64,
  results: 16,
  imports: 64,
  functions: 10_000,
  globals: 1_000,
  exports: 1_000,
  /** Parameters and locals of one function. */
  locals: 2_000,
  /** Operands of one function that wait at once. */
  operands: 2_000,
  /** Blocks, loops and ifs inside each other. */
  nesting: 512,
  branches: 10_000,
  /** Blocks and branches of one function, those that are inserted for steps and NaNs among them. */
  forks: 10_000,
  /** Locals and waiting operands at every block and branch, added up, of one function and of the module (`effort.ts`). */
  effort: 1_000_000,
  moduleEffort: 4_000_000,
  elements: 1_000,
  segments: 10_000,
  /** Entries of the function table. */
  table: 4_096,
  /** 64 KiB each. */
  pages: 256,
} as const
