import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fixture } from './generators.ts'

/**
 * Makes ALSA's default device one that writes a file, for processes started from now on.
 * @returns how to undo it
 */
export function playIntoFile(file: string): () => void {
  const before = { ALSA_CONFIG_PATH: process.env['ALSA_CONFIG_PATH'], ALSA_FILE_OUT: process.env['ALSA_FILE_OUT'] }
  setAll({ ALSA_CONFIG_PATH: fixture('alsa', 'asound.conf'), ALSA_FILE_OUT: file })
  return () => setAll(before)
}

/** Why `aplay` cannot be tested here, and what to do about it; undefined where it can. */
export function withoutAplay(): string | undefined {
  try {
    execFileSync('aplay', ['--version'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'aplay is missing: apt-get install alsa-utils'
  }
}

/** The same for the npm package `speaker`. */
export function withoutSpeaker(): string | undefined {
  const remedy = 'apt-get install libasound2-dev, then npm install speaker'
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('speaker/package.json'))
    return existsSync(join(folder, 'build', 'Release', 'binding.node')) ? undefined : `speaker is not built: ${remedy}`
  } catch {
    return `the package speaker is missing: ${remedy}`
  }
}

function setAll(values: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) Reflect.deleteProperty(process.env, name)
    else process.env[name] = value
  }
}
