import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromUtf8 } from '../base/index.ts'
import { isRefused, MANIFEST_FILE, type ArchiveFile } from '../generators/index.ts'
import { readGenerator } from '../generators/node/folder.ts'
import { faultOf, refusalOf } from './accept.ts'
import { run } from './child.ts'
import { commandOf, REMEDY } from './compilers.ts'
import { faultsIn } from './faults.ts'
import { withHint } from './hints.ts'
import { adviceFor, globalsMadeTooEarly } from './pitfalls.ts'
import { isSource, planIn } from './plan.ts'
import type { Source } from './source.ts'
import type { BuildFault, BuildPlan, Built } from './types.ts'

/**
 * Compiles a generator's folder by its sources, `src/<entry's name>.ts` (AssemblyScript), `.c` or `.rs`, and holds what comes out to the
 * engine's own check of modules. Only a module that it accepts replaces the one that was there. Where there is nothing to compile (a
 * pattern, a module without sources, a process) what is there is checked alone.
 *
 * One build of a folder at a time.
 * @throws MarmaladeError CANCELLED where the signal gave it up, and the codes of `readGenerator`
 */
export async function buildGenerator(folder: string, { signal }: { signal?: AbortSignal } = {}): Promise<Built> {
  const started = performance.now()
  const files = await readGenerator(folder)
  const plan = planIn(files)
  if (isRefused(plan)) return failed([faultOf(plan, MANIFEST_FILE)])
  const sources = files.filter(({ path }) => isSource(path)).map(({ path, bytes }) => ({ path, text: fromUtf8(bytes) }))
  const own = sources.filter(({ path }) => !path.startsWith('assembly/'))
  if (!('language' in plan)) {
    const fault = faultWith(files, plan.entry, own)
    return fault ? failed([fault]) : { ok: true, millis: performance.now() - started, advice: [] }
  }

  const isAssembly = plan.language === 'as'
  const early = isAssembly ? own.flatMap(globalsMadeTooEarly) : []
  if (early.length > 0) return failed(early)
  const compiled = await compile(folder, plan, own, signal)
  if (!('bytes' in compiled)) return compiled
  const entry = { path: plan.entry, bytes: compiled.bytes, executable: false }
  const fault = faultWith([...files.filter(({ path }) => path !== plan.entry), entry], plan.source, own)
  if (fault) return failed([fault])
  await replace(join(folder, plan.entry), compiled.bytes)
  return { ok: true, millis: performance.now() - started, advice: isAssembly ? own.flatMap(adviceFor) : [] }
}

/** The module that the compiler made, or why there is none. */
async function compile(
  folder: string,
  plan: BuildPlan,
  sources: readonly Source[],
  signal: AbortSignal | undefined,
): Promise<Built | { readonly bytes: Uint8Array }> {
  const away = await mkdtemp(join(tmpdir(), 'marmalade-build-'))
  try {
    const out = join(away, 'out.wasm')
    const command = commandOf(folder, plan, out)
    const missing = failed([{ file: plan.source, line: 0, column: 0, message: REMEDY[plan.language] }])
    if (!command) return missing
    const { code, output } = await run(command, signal)
    if (code === undefined) return missing
    if (code === 0) return { bytes: new Uint8Array(await readFile(out)) }
    const faults = faultsIn(plan.language, plan.source, output)
    const otherwise = { file: plan.source, line: 0, column: 0, message: lastLine(output) ?? 'the compiler was ended' }
    return failed(
      (faults.length > 0 ? faults : [otherwise]).map((fault) => withHint(fault, sources)),
      output,
    )
  } finally {
    await rm(away, { recursive: true, force: true })
  }
}

const failed = (faults: readonly BuildFault[], output = ''): Built => ({ ok: false, faults, output })
const lastLine = (text: string): string | undefined => text.trimEnd().split('\n').pop() || undefined

/** What the engine would refuse. @param file what is named where the refusal has no place */
function faultWith(files: readonly ArchiveFile[], file: string, sources: readonly Source[]): BuildFault | undefined {
  const refused = refusalOf(files)
  return refused && withHint(faultOf(refused, file), sources)
}

/** Whoever reads the file meanwhile finds the old module or the new one, whole. */
async function replace(file: string, bytes: Uint8Array): Promise<void> {
  await writeFile(`${file}.new`, bytes)
  await rename(`${file}.new`, file)
}
