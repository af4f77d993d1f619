import { spawn } from 'node:child_process'
import { MarmaladeError } from '../base/index.ts'

/** What of a compiler's words is kept: the last of them. */
const MAX_OUTPUT = 64 * 1024
/** Longer than any generator takes, on any machine that could play it. */
const LONGEST_MILLIS = 120_000

/** How a compiler ended. */
export interface Ended {
  /** 0 where it did its work; undefined where there is no such program, NaN where it was killed for taking too long. */
  readonly code: number | undefined
  readonly output: string
}

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
}

/** Runs a compiler without a shell and waits for its end. @throws MarmaladeError CANCELLED where the signal killed it */
export async function run({ program, args, cwd }: Command, signal?: AbortSignal): Promise<Ended> {
  if (signal?.aborted) throw cancelled()
  const child = spawn(program, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C', NO_COLOR: '1' },
    timeout: LONGEST_MILLIS,
    killSignal: 'SIGKILL',
    ...(signal && { signal }),
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-MAX_OUTPUT)
    })
  const code = await new Promise<number | undefined>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve(undefined)
      else reject(signal?.aborted ? cancelled() : error)
    })
    child.once('close', (status) => resolve(status ?? NaN))
  })
  return { code, output }
}

const cancelled = (): MarmaladeError => new MarmaladeError('CANCELLED', 'the build was given up')
