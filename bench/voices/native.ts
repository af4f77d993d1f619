import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const COMPILERS = ['clang', 'gcc', 'cc']

/** Compilers of C that are here. */
export const compilers = (): readonly string[] =>
  COMPILERS.filter((name) => spawnSync(name, ['--version']).status === 0).slice(0, 2)

/** Compiles the native voice into a folder and gives the program's path. */
export async function compileVoice(compiler: string, flags: readonly string[], folder: string): Promise<string> {
  const program = join(folder, [compiler, ...flags].join(''))
  await promisify(execFile)(compiler, [...flags, '-o', program, join(import.meta.dirname, 'simple.c')])
  return program
}

/** Nanoseconds of processor time a frame of a voice. */
export async function runNative(program: string, voices: number, seconds: number): Promise<number> {
  const { stdout } = await promisify(execFile)(program, [String(voices), String(seconds)])
  return Number(stdout.split(' ')[0])
}
