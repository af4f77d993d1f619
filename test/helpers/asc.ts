import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

/** One process for all: to load the compiler takes as long as to compile with it. */
const SCRIPT = `
const [library, jobs] = process.argv.slice(1)
const { default: asc } = await import(library)
for (const args of JSON.parse(jobs)) {
  const { error, stderr } = await asc.main(args)
  if (error) throw new Error(String(stderr))
}`

/**
 * Runs the AssemblyScript compiler with each of these arguments, from a folder.
 * @param compiler as `findAsc` gives it
 * @throws with what the compiler said
 */
export async function compileEach(compiler: string, cwd: string, jobs: readonly (readonly string[])[]): Promise<void> {
  const library = pathToFileURL(join(dirname(compiler), '../dist/asc.js')).href
  const args = ['--input-type=module', '--eval', SCRIPT, library, JSON.stringify(jobs)]
  await promisify(execFile)(process.execPath, args, { cwd })
}
