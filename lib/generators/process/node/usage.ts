import { readFileSync } from 'node:fs'

const PAGE_BYTES = 4_096
/** Of a second: USER_HZ, which Linux fixes at 100. */
const TICK_SECONDS = 0.01
/** Far above what a sandbox may hold. */
const MOST = 256

/** What a process and all that come from it hold and have used. */
export interface Usage {
  readonly bytes: number
  /** Processor seconds of those that live. */
  readonly seconds: number
}

/** Of the tree below a process, itself included; nothing where it is gone or the system does not say. */
export function usageOf(root: number): Usage {
  let bytes = 0
  let seconds = 0
  const all = [root]
  for (let i = 0; i < all.length && i < MOST; i++) {
    const pid = all[i]
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      // After the name, which may hold anything: state is field 3, utime 14, stime 15, rss 24 (proc_pid_stat(5)).
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      seconds += (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS
      bytes += Number(fields[21]) * PAGE_BYTES
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
      if (children !== '') all.push(...children.split(' ').map(Number))
    } catch {
      // It has just ended.
    }
  }
  return { bytes, seconds }
}
