import { existsSync, readFileSync } from 'node:fs'

/** Whether this system tells of other processes as Linux does. */
export const hasProc = (): boolean => existsSync('/proc/self/status')

/** Anonymous memory of a process in MiB: what it holds besides files that are mapped. */
export function anonymousOf(pid: number): number {
  const [, kib = 'NaN'] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) / 1_024
}

/** Ticks a second in /proc, as every Linux that Node runs on has it. */
const TICKS = 100

/** Processor seconds of a process and of all that it started and that run; with `ended`, of what it started and what has ended too. */
export function processorOf(pid: number, ended?: 'ended'): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // User and system time, then those of children that have ended.
  const times = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, ended ? 15 : 13)
  const own = times.reduce((sum, time) => sum + Number(time), 0) / TICKS
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return children
    .split(' ')
    .filter((child) => child !== '')
    .reduce((sum, child) => sum + processorOf(Number(child), ended), own)
}

/** Runs work and gives the most anonymous memory that a process held meanwhile, in MiB, looked at every 20 ms. */
export async function mostAnonymous<T>(pid: number, work: Promise<T>): Promise<{ result: T; most: number }> {
  let most = anonymousOf(pid)
  const looking = setInterval(() => (most = Math.max(most, anonymousOf(pid))), 20)
  try {
    return { result: await work, most }
  } finally {
    clearInterval(looking)
  }
}
