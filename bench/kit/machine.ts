import { cpus, release, totalmem, type } from 'node:os'

/** What the figures belong to. */
export interface Machine {
  /** Day, ISO 8601. */
  readonly date: string
  readonly processors: string
  /** GiB. */
  readonly memory: number
  readonly node: string
  readonly system: string
}

export function machine(): Machine {
  const all = cpus()
  return {
    date: new Date().toISOString().slice(0, 10),
    processors: `${all.length} x ${all[0]?.model ?? 'unknown'}`,
    memory: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    system: `${type()} ${release()}`,
  }
}
