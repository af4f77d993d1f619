import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { packageRoot } from '../../lib/base/node/root.ts'

/** How long a command may take on a busy machine: longer ones are killed. */
const PATIENCE_MILLIS = 180_000

/** The program as users run it: `npm test` builds it before the tests from source, for which it is the same. */
export const PROGRAM = join(packageRoot(), 'dist/bin/marmalade.js')

/** How a command ended. */
export interface Ran {
  /** NaN where a signal ended it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}
interface RunInit {
  readonly home?: string
  readonly cwd?: string
  /** Another copy of the program. */
  readonly program?: string
  /** A command before it, as `['unshare', '-n']`. */
  readonly under?: readonly string[]
}

/** Runs `marmalade` as a user does and waits for its end. */
export async function marmalade(
  args: readonly string[],
  { home, cwd, program = PROGRAM, under = [] }: RunInit = {},
): Promise<Ran> {
  const [command = '', ...rest] = [...under, process.execPath, program, ...args]
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...(home !== undefined && { MARMALADE_HOME: home }) },
    ...(cwd !== undefined && { cwd }),
    timeout: PATIENCE_MILLIS,
    killSignal: 'SIGKILL',
  })
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
    })
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve(status ?? NaN))
  })
  return { code, ...texts }
}

/** The one JSON object that a command prints. @throws Error where it failed */
export async function asked<T>(args: readonly string[], init: RunInit = {}): Promise<T> {
  const ran = await marmalade([...args, '--json'], init)
  if (ran.code !== 0) throw new Error(`marmalade ${args.join(' ')}: ${ran.code}: ${ran.stderr}`)
  return JSON.parse(ran.stdout) as T
}

/** What of `replay --json` tests look at. */
export interface ReplayOutput {
  readonly file: string
  readonly sha256: string
  readonly samplesSha256: string
  readonly frames: number
  readonly firstFrame: number
  readonly scoreHash: string
}
/** Replays a jam from a home on which no node runs. */
export const replayed = (home: string, jam: string, out: string, ...more: readonly string[]): Promise<ReplayOutput> =>
  asked(['replay', jam, '--out', out, ...more], { home })
