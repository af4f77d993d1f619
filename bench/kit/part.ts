import { fork } from 'node:child_process'
import { once } from 'node:events'
import { profiled } from './profiled.ts'
import { nodeOptions } from './spawned.ts'

/** What a part's process came to besides its result. */
export interface Spent {
  /** Most memory that the process held, in MiB. */
  readonly rss: number
}

/** Parts by name: each takes texts and gives numbers. */
export type Parts = Readonly<Record<string, (...args: string[]) => Promise<object>>>

interface Answer {
  readonly result: object
  readonly spent: Spent
}

/** Longest that a part may take, in milliseconds: a bench that hangs ends. A million signatures take minutes. */
const LONGEST = 900_000

/** Runs one part of a module of parts in a fresh process, so that no part pays for what another left behind. */
export const runPart = async <R extends object>(
  module: URL,
  part: string,
  ...args: readonly (string | number)[]
): Promise<R & Spent> => runPartWith<R>(process.execPath, module, part, ...args)

/** The same with another program of Node's. */
export async function runPartWith<R extends object>(
  execPath: string,
  module: URL,
  part: string,
  ...args: readonly (string | number)[]
): Promise<R & Spent> {
  const child = fork(module, [part, ...args.map(String)], { execPath, execArgv: nodeOptions() })
  const answers: Answer[] = []
  child.on('message', (answer) => answers.push(answer as Answer))
  const late = setTimeout(() => child.kill('SIGKILL'), LONGEST)
  await once(child, 'close')
  clearTimeout(late)
  const [answer] = answers
  if (!answer) throw new Error(`${part} of ${module.pathname} ended with code ${child.exitCode ?? child.signalCode}`)
  return { ...(answer.result as R), ...answer.spent }
}

/**
 * Serves the part that this process was started for; called once, by the module that holds them. Started by hand, for
 * a profile, it prints what the part gives.
 */
export async function serveParts(parts: Parts): Promise<void> {
  const [, , name = '', ...args] = process.argv
  const part = parts[name]
  if (!part) throw new Error(`no part ${name}: there are ${Object.keys(parts).join(', ')}`)
  const result = await profiled(name, () => part(...args))
  const answer: Answer = { result, spent: { rss: process.resourceUsage().maxRSS / 1024 } }
  // What a peer leaves running must not keep the process.
  if (process.send) process.send(answer, () => process.exit(0))
  else console.log(answer)
}
