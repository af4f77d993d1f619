import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
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

/** A machine whose only devices, `default` and `studio`, can be pulled out and put in again, for processes that open them. */
export class Plug {
  readonly restore: () => void
  readonly #config: string
  readonly #devices: string

  private constructor(config: string, devices: string, restore: () => void) {
    this.#config = config
    this.#devices = devices
    this.restore = restore
  }

  /** @param file where what is played goes, from the device's last opening on */
  static async make(folder: string, file: string): Promise<Plug> {
    const restore = playIntoFile(file)
    const plug = new Plug(join(folder, 'asound.conf'), await readFile(fixture('alsa', 'asound.conf'), 'utf8'), restore)
    process.env['ALSA_CONFIG_PATH'] = plug.#config
    await plug.push()
    return plug
  }

  push(): Promise<void> {
    return writeFile(this.#config, this.#devices)
  }
  pull(): Promise<void> {
    return writeFile(this.#config, 'pcm.null { type null }\n')
  }
}

/** Kills what a process plays with, `speaker` or `aplay`, as a card that vanishes does. @returns how many; on Linux alone */
export async function killPlayers(parent: number, kind: string): Promise<number> {
  const word = kind === 'speaker' ? 'speaker-child' : kind
  const text = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '')
  let killed = 0
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await text(`/proc/${pid}/stat`)
    // The name in parentheses may hold anything; after it come the state and the parent.
    const ppid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    if (ppid !== parent || !(await text(`/proc/${pid}/cmdline`)).includes(word)) continue
    process.kill(Number(pid), 'SIGKILL')
    killed++
  }
  return killed
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
