import type { BuildPlan } from './types.ts'

/** Bytes of a page of WebAssembly memory. */
const PAGE = 65_536
/** Bytes of the stack of C and Rust; AssemblyScript has none in memory. */
const STACK = 8_192

/** What is compiled, and to which file: paths as the compiler is to see them. */
export type Compiled = Pick<BuildPlan, 'source' | 'pages'> & { readonly out: string }

/**
 * Arguments of `asc`; docs/authoring.md says what each is for.
 * @param library a folder in which the folder `marmalade` of the library lies
 */
export function assemblyScriptFlags({ source, pages, out }: Compiled, library: string): string[] {
  const memory = ['--initialMemory', String(pages), '--maximumMemory', String(pages)]
  const small = ['-O3', '--runtime', 'stub', '--noAssert', '--use', 'abort=']
  return [source, '-o', out, '--lib', library, ...small, '--exportStart', '_initialize', ...memory]
}

/** Arguments of `clang`; docs/generators.md shows them. */
export function cFlags({ source, pages, out }: Compiled): string[] {
  const memory = [`-Wl,--initial-memory=${pages * PAGE}`, `-Wl,--max-memory=${pages * PAGE}`]
  const plain = ['--target=wasm32', '-O3', '-mbulk-memory', '-nostdlib']
  return [...plain, '-Wl,--no-entry', `-Wl,-z,stack-size=${STACK}`, ...memory, '-o', out, source]
}

/** Arguments of `rustc`; docs/generators.md shows them. */
export function rustFlags({ source, pages, out }: Compiled): string[] {
  const link = [
    '--strip-all',
    `-zstack-size=${STACK}`,
    `--initial-memory=${pages * PAGE}`,
    `--max-memory=${pages * PAGE}`,
  ]
  const crate = ['--edition=2021', '--crate-name=generator', '--crate-type=cdylib']
  const plain = ['--target', 'wasm32-unknown-unknown', '-O', ...crate, '-C', 'panic=abort']
  return [...plain, ...link.flatMap((word) => ['-C', `link-arg=${word}`]), '-o', out, source]
}
