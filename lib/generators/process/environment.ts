import type { Beats } from '../../base/index.ts'
import type { InstanceIdentity } from './types.ts'

interface Told extends InstanceIdentity {
  readonly sampleRate: number
  /** Beats in a minute. */
  readonly tempo: number
  /** The jam's beat at the first sample. */
  readonly beat: Beats
  readonly params: ReadonlyMap<string, number>
}

/** What a process finds in its environment. A parameter's name is in capitals, with `_` for whatever is no letter or digit. */
export function environmentOf(told: Told): Record<string, string> {
  const { jam, player, generator, instance, sampleRate, tempo, beat, params } = told
  return {
    MM_JAM: jam,
    MM_PLAYER: player,
    MM_GENERATOR: generator,
    MM_INSTANCE: instance,
    MM_RATE: String(sampleRate),
    MM_TEMPO: String(tempo),
    MM_BEAT: String(beat),
    ...Object.fromEntries([...params].map(([name, value]) => [parameterVariable(name), String(value)])),
  }
}

const parameterVariable = (name: string): string => `MM_PARAM_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`
