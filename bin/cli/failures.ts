import type { Failure, MissingEntries } from '../../lib/engine/index.ts'
import { nameOf } from './meters.ts'
import { many, plain } from './words.ts'

/** As many as are read. */
const MOST = 20

/** Who ended before its time in a render or did not start, where and why: a line each. */
export function failureWords(failures: readonly Failure[]): string[] {
  const lines = failures
    .slice(0, MOST)
    .map(({ path, bar, code, message }) => plain(`failed  ${nameOf(path)} in bar ${bar}: ${code}: ${message}`))
  const more = failures.length - lines.length
  return more > 0 ? [...lines, `failed  and ${more} more: --json lists them all`] : lines
}

/** What a take heard and is not in its replay. @param whose `A ` or `B ` where there are two takes */
export function missingWords(missing: MissingEntries | undefined, whose = ''): string[] {
  if (!missing) return []
  const { entries, frame } = missing
  return [
    `missing ${whose}heard ${many(entries, 'entry')} of no feed here, the first at frame ${frame}:`,
    "        fetch its players' feeds; what was taken back is in none of them",
  ]
}
