import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readTake, type Replayed, type ReplayInit, type TakeOnDisk } from '../../lib/engine/index.ts'
import { encodeTakeLine, type JamEntry, type TakeLine } from '../../lib/jam/index.ts'
import { replayed, type Archives, type SessionRig } from './sessions.ts'

interface Again {
  readonly rig: SessionRig
  readonly entries: readonly JamEntry[]
  readonly archives: Archives
}

/** Replays the take that a session left. */
export async function again({ rig, entries, archives }: Again, options: Partial<ReplayInit> = {}): Promise<Replayed> {
  return replayed(rig.place, entries, archives, { take: await readTake(rig.takeFile), ...options })
}

/** A take with other lines. */
export async function rewritten(rig: SessionRig, change: (lines: TakeLine[]) => string): Promise<TakeOnDisk> {
  const { header, records } = await readTake(rig.takeFile)
  const file = join(rig.place, 'b.take')
  await writeFile(file, change([header, ...records]))
  return readTake(file)
}
/** The lines of a take's file. */
export const takeText = (lines: readonly TakeLine[]): string => lines.map(encodeTakeLine).join('')
