/** Bounds on a module, each far above what a generator needs and low enough that parsing and compiling stay cheap. */
export const LIMITS = {
  /** Bytes. */
  module: 4 * 1024 * 1024,
  body: 512 * 1024,
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
  /** Blocks, loops and ifs inside each other. */
  nesting: 512,
  branches: 10_000,
  elements: 1_000,
  segments: 10_000,
  /** Entries of the function table. */
  table: 4_096,
  /** 64 KiB each. */
  pages: 256,
} as const
