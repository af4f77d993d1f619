import { execFileSync, type ChildProcess } from 'node:child_process'
import type { Teardown } from './hosts.ts'

const ip = (...args: readonly string[]): string => execFileSync('ip', args, { encoding: 'utf8', stdio: 'pipe' })

/** Why no network can be made here; undefined where it can. */
export function hindrance(): string | undefined {
  const name = `mml-try-${process.pid}`
  try {
    ip('netns', 'add', name)
    ip('netns', 'del', name)
    return undefined
  } catch (error) {
    return `no network namespaces here (${error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'ip failed'})`
  }
}

/** Two machines on one wire: their names. */
export function lan(down: Teardown, family: 4 | 6): [string, string] {
  const names: [string, string] = [`mml-a${family}-${process.pid}`, `mml-b${family}-${process.pid}`]
  for (const name of names) down.add(ip('netns', 'add', name), () => ip('netns', 'del', name))
  const [a, b] = names
  ip('link', 'add', 'wire', 'netns', a, 'type', 'veth', 'peer', 'name', 'wire', 'netns', b)
  for (const [at, name] of names.entries()) {
    ip('-n', name, 'link', 'set', 'wire', 'addrgenmode', 'none')
    const address = family === 4 ? [`10.77.0.${at + 1}/24`, 'brd', '+'] : [`fe80::${at + 1}/64`]
    ip('-n', name, 'address', 'add', ...address, 'dev', 'wire', ...(family === 6 ? ['nodad'] : []))
    ip('-n', name, 'link', 'set', 'lo', 'up')
    ip('-n', name, 'link', 'set', 'wire', 'up')
  }
  return names
}

/** Ends a program and waits for it. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  await gone
}
