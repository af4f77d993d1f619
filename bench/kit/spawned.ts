import { mkdirSync } from 'node:fs'

/** The folder that profiles go to, where `--profile FOLDER` asked for them. */
const PROFILES = 'MARMALADE_BENCH_PROFILES'

/** From now on what is measured leaves a `.cpuprofile` in this folder. */
export function profileTo(folder: string): void {
  mkdirSync(folder, { recursive: true })
  process.env[PROFILES] = folder
}

/** The folder that profiles go to; undefined where none were asked for. */
export const profileFolder = (): string | undefined => process.env[PROFILES]

/** What Node is started with for a process that is measured. */
export const nodeOptions = (): string[] => ['--import', 'tsx']
