import { existsSync, readlinkSync } from 'node:fs'

/** Of the calling thread: `PID/task/TID` (Linux, proc_thread-self(5)). */
const OWN = '/proc/thread-self'

/** The system's number of the calling thread; 0 where it does not tell (only Linux does). */
export function ownThread(): number {
  try {
    return Number(/^\d+\/task\/(\d+)$/.exec(readlinkSync(OWN))?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** Whether a thread of this process is known to be gone. Asks the system, so that who waits for the thread can ask without its events. */
export const isThreadGone = (thread: number): boolean => thread !== 0 && !existsSync(`/proc/self/task/${thread}`)
