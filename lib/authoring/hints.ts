import { placeOf, type Source } from './source.ts'
import type { BuildFault } from './types.ts'

/** What mends what a compiler or the engine says; `at` says what to look for in the sources where the message has no place. */
interface Remedy {
  readonly when: RegExp
  readonly hint: string
  /** By what the message matched. */
  readonly at?: (found: RegExpExecArray) => RegExp
}

const PAGES = 'give it more memory: `"pages": N` in generator.json, of 64 KiB each (4 if nothing is said)'

/** The first that fits counts. */
const REMEDIES: readonly Remedy[] = [
  // AssemblyScript.
  {
    when: /AS200: Conversion from type 'f64' to 'f32'/,
    hint: 'compute in f64 throughout, and write `<f32>x` where it is stored: `let x: f64`, not f32',
  },
  { when: /AS200: Conversion from type/, hint: 'say it: `<i32>x`, `<f64>n`' },
  {
    when: /Not implemented: Closures/i,
    hint: 'a function sees no variables around it: make it a method, and the variable a field',
  },
  {
    when: /AS100: Not implemented/,
    hint: 'AssemblyScript has no such types: one type for each variable, classes, and StaticArray<T>',
  },
  { when: /Module requires at least '?\d+'? pages|initial memory too small/, hint: PAGES },
  {
    when: /Cannot find name '(?:console|setTimeout|Date|process|window)'/,
    hint: 'there is nothing but the ABI: `log` writes a line, time is `beat` and `frame`',
  },
  {
    when: /File '~?lib\/marmalade.*not found|Cannot find module 'marmalade'/,
    hint: 'the library lies in assembly/marmalade: `generator new` puts it there',
  },
  // C and Rust.
  {
    when: /undefined symbol: (?:memset|memcpy|memmove)/,
    hint: 'copy and clear in a loop: there is no C library',
  },
  {
    when: /undefined symbol/,
    hint: 'there is no C library: marmalade.h and marmalade.rs have what generators need, the rest is yours to write',
  },
  {
    when: /E0308: mismatched types: expected `f32`, found `f64`/,
    hint: 'compute in f64, and write `x as f32` where it is stored',
  },
  { when: /E0463: can't find crate for `(?:core|std)`/, hint: '`rustup target add wasm32-unknown-unknown`' },
  { when: /panic_handler/, hint: 'begin with `#![no_std]` and `mod marmalade;`, which has one' },
  { when: /linker `\S+` not found/, hint: 'install lld: `apt install lld`' },
  // What the engine refuses.
  {
    when: /the export (mm_\w+) is/,
    hint: 'write its types as docs/generators.md has them: f64 for numbers, i32 for counts, f32 for sampleRate alone',
    at: ([, name = '']) => new RegExp(`\\b${name}\\b`),
  },
  { when: /imports "marmalade\.\w+" as/, hint: 'declare it with the types that docs/generators.md has for it' },
  {
    when: /imports "env\.seed"/,
    hint: 'Math.random is not there, since everybody is to hear the same: draw from the seed, `new Chance(seedLo, seedHi)`',
    at: () => /\bMath\.random\b/,
  },
  {
    when: /imports "env\.(?:abort|trace)"/,
    hint: 'compile with `--use abort=`, as `generator build` does; `log` writes a line',
  },
  {
    when: /imports "env\.(?:sin|cos|tan|exp|pow|log|fmod)\w*"/,
    hint: 'there is no C library: marmalade.h has mm_sine, mm_hertz and mm_fall',
  },
  { when: /imports "/, hint: 'docs/generators.md lists what there is to import, all of it from the module marmalade' },
  { when: /a start function/, hint: 'compile with `--exportStart _initialize`, as `generator build` does' },
  {
    when: /does not export mm_(?:abi|output)/,
    hint: "in AssemblyScript `export { mm_abi, mm_output } from 'marmalade'`; in C and Rust both are a line each",
  },
  {
    when: /does not export (?:mm_init|mm_process)/,
    hint: 'export it, with the types that docs/generators.md has for it',
  },
  { when: /does not export memory/, hint: 'export the memory by the name `memory`, as all compilers here do' },
  {
    when: /the memory goes/,
    hint: 'memory may not grow: compile with as much at least as at most, as `generator build` does',
  },
  {
    when: /more steps than it may as it starts/,
    hint: 'mm_init has 16,000,000 steps: compute less, or a part of it in each block',
  },
  { when: /as it starts: unreachable/, hint: `what mm_init makes does not fit. ${PAGES}` },
  { when: /as it starts/, hint: `call begin() first in mm_init; if it does, ${PAGES}` },
]

/** A fault with what mends it, and with its place where the sources show one. */
export function withHint(fault: BuildFault, sources: readonly Source[]): BuildFault {
  for (const { when, hint, at } of REMEDIES) {
    const found = when.exec(fault.message)
    if (!found) continue
    const place = fault.line === 0 && at ? placeOf(sources, at(found)) : undefined
    return { ...fault, ...place, hint }
  }
  return fault
}
