import { MarmaladeError } from '../../lib/base/index.ts'
import { numberOf } from './context.ts'

/** `8bars`, `8 bars`, `1bar` or `8` as a number of bars. @throws USAGE */
export function barsOf(text: string): number {
  const found = /^(\d{1,6}(?:\.\d{1,6})?) ?(?:bars?)?$/.exec(text)
  const bars = Number(found?.[1])
  if (!found || bars <= 0) throw new MarmaladeError('USAGE', `write a length in bars, as 8bars, not ${text}`)
  return bars
}

/** A bar that an option names, as bars are shown. @throws USAGE */
export function barOf(text: string, option: string): number {
  const bar = numberOf(text, option)
  if (!Number.isInteger(bar) || bar < 1) throw new MarmaladeError('USAGE', `${option} is a bar, counted from 1`)
  return bar
}

/** The same of an option that may be left out. @throws USAGE */
export const barOption = (value: unknown, option: string): number | undefined =>
  typeof value === 'string' ? barOf(value, option) : undefined
