import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { command } from '../cli/child-node.ts'

const run = promisify(execFile)

/** What `replay --json` prints. */
export interface ReplayResult {
  readonly file: string
  readonly sha256: string
  readonly samplesSha256: string
  readonly seconds: number
  readonly peak: number
  readonly firstFrame: number
  readonly frames: number
  readonly scoreHash: string
  readonly speed: number
}

/** Replays a jam from a home whose node has ended, in a process that has nothing but that home. */
export async function replayFrom(home: string, jam: string, out: string): Promise<ReplayResult> {
  const { stdout } = await run(process.execPath, command('replay', jam, '--json', '--home', home, '--out', out), {
    maxBuffer: 1 << 20,
  })
  return JSON.parse(stdout) as ReplayResult
}
