import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ownedParts, type JamId } from '../../lib/base/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'

/** The files of takes in a jam's folder, and beside each the folder for what its session's state had been. */
export const TAKE = /^[0-9]{1,17}\.take$/
export const POINTS = /^[0-9]{1,17}\.take\.points$/

/**
 * The folder of a jam's takes.
 * @param takes `<home>/takes`
 */
export function takesOf(takes: string, jam: JamId): string {
  const { owner, name } = ownedParts(jam)
  return join(takes, `${shortIdOf(owner)}:${name}`)
}

/** The folder beside a take for the points of its session. */
export const pointsFolderOf = (takeFile: string): string => `${takeFile}.points`

/** What of a jam's takes has such a name, by session, oldest first: their names are microseconds. */
export async function namesIn(folder: string, names: RegExp): Promise<string[]> {
  if (!existsSync(folder)) return []
  const found = (await readdir(folder)).filter((name) => names.test(name))
  return found.sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
}

/** Removes the points of takes that are gone. */
export async function sweepPoints(folder: string): Promise<void> {
  const takes = new Set(await namesIn(folder, TAKE))
  for (const name of await namesIn(folder, POINTS)) {
    const take = name.slice(0, -'.points'.length)
    if (!takes.has(take)) await rm(join(folder, name), { recursive: true, force: true })
  }
}
