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
