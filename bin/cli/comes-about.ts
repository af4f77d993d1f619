import { setTimeout as wait } from 'node:timers/promises'

const LOOK_MILLIS = 50

/** Looks again and again; false where it takes longer than so many milliseconds. */
export async function comesAbout(look: () => Promise<boolean>, millis: number): Promise<boolean> {
  const deadline = performance.now() + millis
  while (!(await look())) {
    if (performance.now() > deadline) return false
    await wait(LOOK_MILLIS)
  }
  return true
}
