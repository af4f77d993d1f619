import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import { profileFolder } from './spawned.ts'

/** Does the work, and leaves a profile of it alone where `--profile FOLDER` asked for profiles. */
export async function profiled<T>(name: string, work: () => Promise<T>): Promise<T> {
  const folder = profileFolder()
  if (folder === undefined) return work()
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 500 })
  await session.post('Profiler.start')
  try {
    return await work()
  } finally {
    const { profile } = await session.post('Profiler.stop')
    writeFileSync(join(folder, `${name}-${process.pid}.cpuprofile`), JSON.stringify(profile))
    session.disconnect()
  }
}
