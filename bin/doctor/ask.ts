import { execFile } from 'node:child_process'

const ASK_MILLIS = 3_000
const MOST_BYTES = 4_096

/** What a program prints, undefined where it is not here, fails or does not come to an end. */
export const ask = (command: string, args: readonly string[]): Promise<string | undefined> =>
  new Promise((resolve) => {
    execFile(command, args, { timeout: ASK_MILLIS, killSignal: 'SIGKILL', maxBuffer: MOST_BYTES }, (error, stdout) =>
      resolve(error ? undefined : stdout.trim()),
    )
  })
