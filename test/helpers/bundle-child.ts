import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { siblingModule } from '../../lib/base/node/thread.ts'

const CHILD = fileURLToPath(siblingModule('../bundle/bundle-child', import.meta.url))

/** Runs a child until it reports `stage` for the `nth` time, then kills it outright; without a stage to its end. */
export async function runBundleChild(
  args: readonly string[],
  stage?: string,
  nth = 1,
): Promise<{ killed: boolean; last: string }> {
  const child = spawn(process.execPath, ['--expose-gc', ...process.execArgv, CHILD, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  let seen = 0
  let last = ''
  for await (const line of createInterface({ input: child.stdout })) {
    last = line
    if (stage !== undefined && line.startsWith(`${stage} `) && ++seen === nth) child.kill('SIGKILL')
  }
  const [code, signal] = (await ended) as [number | null, string | null]
  if (signal === null && code !== 0) throw new Error(`the child failed with ${code ?? 0}`)
  return { killed: signal === 'SIGKILL', last }
}
