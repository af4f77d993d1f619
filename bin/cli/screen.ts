import { plain, table } from './words.ts'

/** Columns that what is said fits where the terminal does not say how many it has. */
export const COLUMNS = 80

/** Columns of the terminal that is written to; Infinity into a pipe or file, where nothing is cut. */
export const screenWidth = (): number => (process.stdout.isTTY ? process.stdout.columns || COLUMNS : Infinity)

/** Text of at most so many characters; what is cut off is an ellipsis at the end. */
export const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1)).replace(HALF, '')}…`
/** The first half of a character that was cut through. */
const HALF = /[\uD800-\uDBFF]$/

/** Every line of a text cut to the terminal: for tables whose last column may go. */
export const fitted = (text: string): string =>
  text
    .split('\n')
    .map((line) => cut(line, screenWidth()))
    .join('\n')

/** What columns keep however narrow the terminal is. */
const NARROWEST = 12

/** A table whose widest columns give way until it fits the terminal: for tables with names of others in several columns. */
export function fittedTable(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) => row.map((cell) => plain(String(cell))))
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => (row[column] ?? '').length)),
  )
  const gaps = 2 * (headings.length - 1)
  while (gaps + widths.reduce((sum, width) => sum + width, 0) > screenWidth()) {
    const widest = Math.max(...widths)
    if (widest <= NARROWEST) break
    widths[widths.indexOf(widest)] = widest - 1
  }
  const narrowed = cells.map((row) => row.map((cell, column) => cut(cell, widths[column] ?? 0)))
  return fitted(table(headings, narrowed))
}
