import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { packageRoot } from '../base/node/root.ts'
import type { Command } from './child.ts'
import { assemblyScriptFlags, cFlags, rustFlags } from './flags.ts'
import type { BuildPlan, Language } from './types.ts'

/** How each compiler is got where it is missing. */
export const REMEDY: Readonly<Record<Language, string>> = {
  as: 'AssemblyScript is not here: `npm install assemblyscript` in this folder adds it',
  c: 'clang or wasm-ld is not here: `apt install clang lld` (Debian, Ubuntu) or `brew install llvm lld` adds both',
  rust: 'rustc or its target is not here: install it from rustup.rs, then `rustup target add wasm32-unknown-unknown`',
}

/** The compiler of AssemblyScript: of the folder or one around it, else beside this program. */
export function findAsc(folder: string): string | undefined {
  return upFrom(resolve(folder)) ?? upFrom(packageRoot())
}

function upFrom(start: string): string | undefined {
  for (let at = start; ; at = dirname(at)) {
    const path = join(at, 'node_modules/assemblyscript/bin/asc.js')
    if (existsSync(path)) return path
    if (at === dirname(at)) return undefined
  }
}

/** Where `import … from 'marmalade'` is found: the generator's own copy of the library, else the one of this program. */
function libraryOf(folder: string): string {
  return existsSync(join(folder, 'assembly/marmalade/index.ts')) ? 'assembly' : join(packageRoot(), 'fixtures/assembly')
}

/** What to run in the folder to compile to `out`; undefined where the compiler is not here. */
export function commandOf(folder: string, plan: BuildPlan, out: string): Command | undefined {
  const compiled = { source: plan.source, pages: plan.pages, out }
  const at = { cwd: folder }
  if (plan.language === 'c') return { program: 'clang', args: ['-fno-color-diagnostics', ...cFlags(compiled)], ...at }
  if (plan.language === 'rust')
    return { program: 'rustc', args: ['--error-format=short', ...rustFlags(compiled)], ...at }
  const asc = findAsc(folder)
  // Of no file: one of the folder may name transforms, which asc would run, and flags that undo these.
  const args = [...assemblyScriptFlags(compiled, libraryOf(folder)), '--config', `${out}.none`]
  return asc === undefined ? undefined : { program: process.execPath, args: [asc, ...args, '--noColors'], ...at }
}
