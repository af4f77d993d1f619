import { accessSync, constants } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'

/** Whether the optional package `speaker` is here and built. */
export function hasSpeaker(): boolean {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('speaker/package.json'))
    accessSync(join(folder, 'build/Release/binding.node'), constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** Whether ALSA's `aplay` is among the programs of the path. */
export const hasAplay = (): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, 'aplay'), constants.X_OK)
      return folder !== ''
    } catch {
      return false
    }
  })
