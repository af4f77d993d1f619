import { isAmbient, type TakeRecord } from '../jam/index.ts'
import type { InstanceEvent, Renderer } from '../mix/index.ts'
import type { Readings } from './types.ts'

/** Paths that are remembered. */
const MAX_PATHS = 64

/**
 * The readings of the machine and the network as generators see them. Nobody is told any, and none is logged, until a
 * generator asks for one: then all that are known, and each that is another from then on.
 */
export class Ambient {
  readonly #latest = new Map<string, number>()
  #wanted = false

  /** Takes readings in; gives those that generators see from the next quantum on. */
  note(readings: Readings): Readings {
    const fresh = readings.filter(({ path, value }) => this.#keep(path, value))
    return this.#wanted ? fresh : []
  }

  /** What a quantum came to; gives what is to be seen because somebody asked. */
  wanted(events: readonly InstanceEvent[]): Readings {
    if (this.#wanted || !events.some(({ kind }) => kind === 'ambient')) return []
    this.#wanted = true
    return [...this.#latest].map(([path, value]) => ({ path, value }))
  }

  #keep(path: string, value: number): boolean {
    if (!isAmbient(path) || !Number.isFinite(value) || this.#latest.get(path) === value) return false
    if (this.#latest.size >= MAX_PATHS && !this.#latest.has(path)) return false
    this.#latest.set(path, value)
    return true
  }
}

/** Lets generators see readings from the next quantum on; what the take is to keep of that. */
export function showReadings(renderer: Renderer, readings: Readings): TakeRecord[] {
  for (const { path, value } of readings) renderer.read(path, value)
  return readings.map((reading) => ({ kind: 'reading', frame: renderer.frame, ...reading }))
}
