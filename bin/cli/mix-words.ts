import type { MixRow } from '../../plugins/sound/index.ts'

/** A place between the sides: `centre`, `30 % left`. */
export const panWords = (pan: number): string =>
  pan === 0 ? 'centre' : `${Math.round(Math.abs(pan) * 100)} % ${pan < 0 ? 'left' : 'right'}`

/** A gain with its sign: `+3 dB`, `-6.5 dB`. */
export const gainWords = (gain: number): string => `${gain > 0 ? '+' : ''}${Math.round(gain * 10) / 10} dB`

/** What one's own mix says of a target: `ada:drums: -6 dB, 30 % left, solo`. */
export function settingLine({ shown, gain, pan, mute, solo }: MixRow): string {
  const words = [
    ...(gain === 0 ? [] : [gainWords(gain)]),
    ...(pan === 0 ? [] : [panWords(pan)]),
    ...(mute ? ['muted'] : []),
    ...(solo ? ['solo'] : []),
  ]
  return `${shown}: ${words.join(', ')}`
}

export const settingsWords = (count: number): string =>
  count === 0 ? 'nothing is set' : `${count} ${count === 1 ? 'setting' : 'settings'}`

interface Recalled {
  readonly name: string
  readonly settings: number
  readonly reset: number
  readonly missing: readonly string[]
}

/** What a recall came to: `quiet: 3 settings, 1 other reset; not here: ada:drums`. */
export function recalledWords({ name, settings, reset, missing }: Recalled): string {
  const others = reset === 0 ? '' : `, ${reset} ${reset === 1 ? 'other' : 'others'} reset`
  const passed = missing.length === 0 ? '' : `; not in this jam: ${missing.join(', ')}`
  return `${name}: ${settingsWords(settings)}${others}${passed}`
}
