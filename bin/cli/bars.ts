import { MarmaladeError } from '../../lib/base/index.ts'

/** `8bars`, `8 bars`, `1bar` or `8` as a number of bars. @throws USAGE */
export function barsOf(text: string): number {
  const found = /^(\d{1,6}(?:\.\d{1,6})?) ?(?:bars?)?$/.exec(text)
  const bars = Number(found?.[1])
  if (!found || bars <= 0) throw new MarmaladeError('USAGE', `write a length in bars, as 8bars, not ${text}`)
  return bars
}
