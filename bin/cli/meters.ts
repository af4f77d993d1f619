import { playerOfRef, type PlayerRef } from '../../lib/base/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import { decibelsOf } from '../../lib/mix/index.ts'
import type { SoundStatus } from '../../plugins/sound/index.ts'
import { cut } from './screen.ts'
import { plain } from './words.ts'

interface Level {
  readonly peak: number
  readonly rms: number
}

/** Columns of a name and of a bar: a line has 78. */
const NAME = 26
const BAR = 30
/** What the left end of a bar stands for, in dBFS; the right end is 0. */
const LEAST = -60

export const lufs = (loudness: number): string => `${loudness.toFixed(1)} LUFS`

/** `everything 15 ms earlier` than others hear it. */
export const nudgeWords = (nudge: number): string =>
  nudge === 0 ? 'everything in time' : `everything ${Math.abs(nudge)} ms ${nudge > 0 ? 'later' : 'earlier'}`

/** What a card does with time: `speaker sounds 104.2 ms after it is fed, 12 slips`. */
export function cardWords({ name, latency, measured, late, slips }: SoundStatus['cards'][number]): string {
  const fed = `${name} sounds ${latency.toFixed(1)} ms after it is fed${measured ? '' : ' (not measured)'}`
  const off = Math.abs(late) < 1 ? '' : `, ${late > 0 ? 'late' : 'early'} by ${Math.abs(late).toFixed(1)} ms`
  return `${fed}${off}${slips === 0 ? '' : `, ${slips} slips`}`
}

/** A meter line by line, each within 80 columns: `#` up to the RMS, `-` up to the peak, from -60 to 0 dBFS. */
export function meterLines(status: SoundStatus): string[] {
  const { state, nudge, master, loudness, reduction = 0, instances, tracks, buses } = status
  if (!master) return [`no levels: the sound is ${state}`]
  const { momentary, shortTerm, integrated } = loudness ?? {}
  const told = [
    ...(momentary === undefined ? [] : [`${lufs(momentary)} now`]),
    ...(shortTerm === undefined ? [] : [`${shortTerm.toFixed(1)} in 3 s`]),
    ...(integrated === undefined ? [] : [`${integrated.toFixed(1)} in all`]),
    ...(reduction > 0.05 ? [`the limiter takes ${reduction.toFixed(1)} dB`] : []),
  ]
  return [
    `${''.padEnd(NAME)}  ${`${LEAST}`.padEnd(BAR - 1)}0  peak    RMS dBFS`,
    ...instances.map((level) => line(level.shown ?? nameOf(level.path), level)),
    ...tracks.map((level) => line(`track:${level.track}`, level)),
    ...buses.map((level) => line(level.bus, level)),
    line('mix', master),
    ...(told.length > 0 ? [told.join(', ')] : []),
    ...(nudge === 0 ? [] : [`you hear ${nudgeWords(nudge)}`]),
  ]
}

function line(name: string, { peak, rms }: Level): string {
  return `${cut(plain(name), NAME).padEnd(NAME)}  ${levelBar({ peak, rms })}  ${figure(peak)}  ${figure(rms)}`
}

/** Thirty columns: `#` up to the RMS, `-` up to the peak. */
export function levelBar({ peak, rms }: Level): string {
  const columns = (level: number): number =>
    Math.max(0, Math.min(BAR, Math.round((BAR * (decibelsOf(level) - LEAST)) / -LEAST)))
  return '#'.repeat(columns(rms)).padEnd(columns(peak), '-').padEnd(BAR)
}

const figure = (level: number): string => (level > 0 ? decibelsOf(level).toFixed(1) : '-').padStart(5)

/** `3f2a:drums`: who and which instance, as other commands take them; a bus, and the mix, by its own name. */
export function nameOf(path: string): string {
  if (!path.includes('/')) return path
  const [ref = '', , instance = ''] = path.split('/')
  return `${shortIdOf(playerOfRef(ref as PlayerRef))}:${instance}`
}
