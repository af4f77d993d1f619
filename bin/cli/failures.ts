import type { Failure } from '../../lib/engine/index.ts'
import { nameOf } from './meters.ts'
import { plain } from './words.ts'

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
