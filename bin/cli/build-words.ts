import type { BuildFault } from '../../lib/authoring/index.ts'
import { plain } from './words.ts'

/** Faults of a build as compilers say them, `src/a.ts:8:7: what`, and below each what mends it. */
export const faultWords = (faults: readonly BuildFault[]): string[] =>
  faults.flatMap(({ file, line, column, message, hint }) => [
    `${plain(file)}${line > 0 ? `:${line}:${column}` : ''}: ${plain(message)}`,
    ...(hint === undefined ? [] : [`    ${plain(hint)}`]),
  ])
