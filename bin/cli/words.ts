import { stripVTControlCharacters } from 'node:util'

/** Rows in columns as wide as they need; headings first. Texts from the network lose what would steer a terminal. */
export function table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const clean = rows.map((row) => row.map((cell) => plain(String(cell))))
  const all = [[...headings], ...clean]
  const widths = headings.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Text without what would steer a terminal: control characters, ends of lines, the turning of its direction, halves of characters. */
export const plain = (text: string): string =>
  ORDINARY.test(text) ? text : stripVTControlCharacters(text).replace(STEERING, ' ').replace(TURNING, '')
const ORDINARY = /^[\u0020-\u007E]*$/
const STEERING = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu
const TURNING = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** A size for people: `1.5 MiB`. */
export function bytes(count: number): string {
  let value = count
  let unit = 0
  while (value >= 1_024 && unit < UNITS.length - 1) {
    value /= 1_024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit] ?? ''}`
}

/** How long ago, for people: `12 s`, `3 min`, `5 h`, `2 d`. */
export function age(millis: number): string {
  const seconds = Math.max(0, Math.round(millis / 1_000))
  if (seconds < 90) return `${seconds} s`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`
  if (seconds < 36 * 3_600) return `${Math.round(seconds / 3_600)} h`
  return `${Math.round(seconds / 86_400)} d`
}
export const since = (micros: number): string => (micros === 0 ? 'never' : `${age(Date.now() - micros / 1_000)} ago`)

/** A level for people: `-12.3 dBFS`. */
export const decibels = (factor: number): string =>
  factor > 0 ? `${(20 * Math.log10(factor)).toFixed(1)} dBFS` : 'silence'

const PLURALS = {
  feed: 'feeds',
  entry: 'entries',
  blob: 'blobs',
  fault: 'faults',
  sound: 'sounds',
  player: 'players',
  file: 'files',
} as const

/** `1 feed`, `2 feeds`. */
export const many = (count: number, what: keyof typeof PLURALS): string =>
  `${count} ${count === 1 ? what : PLURALS[what]}`
