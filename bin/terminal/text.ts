import styles from 'ansi-styles'
import stringWidth from 'string-width'
import { plain } from '../cli/words.ts'

/** How text looks, in the terminal's own colours. */
export type Look =
  'bold' | 'dim' | 'inverse' | 'underline' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'white' | 'gray'

const ATTRIBUTES: readonly Look[] = ['bold', 'dim', 'inverse', 'underline']

/** Text that looks the same all along. It may come from anybody: what would steer a terminal is taken out when it is drawn. */
export interface Span {
  readonly text: string
  readonly looks: readonly Look[]
}

/** One row of the screen, from its left end. */
export type Line = readonly (Span | string)[]

export const styled = (text: string, ...looks: readonly Look[]): Span => ({ text, looks })

/** Latin letters, lines and blocks. Of others terminals have opinions of their own. */
const SURE = /^[\u0020-\u007E\u00A1-\u00AC\u00AE-\u02FF\u2026\u2190-\u2193\u2500-\u259F]*$/

/** Most texts are such: asked first, since it is asked of every span of every frame. */
const clean = (text: string): string => (SURE.test(text) ? text : plain(text))
const widthOf = (text: string): number => (SURE.test(text) ? text.length : stringWidth(text))

/** Columns that a text takes on a terminal: wide characters take two. */
export const columnsOf = (text: string): number => widthOf(clean(text))

/** Columns that a line takes. */
export const lineColumns = (line: Line): number =>
  line.reduce((sum, part) => sum + columnsOf(typeof part === 'string' ? part : part.text), 0)

const graphemes = new Intl.Segmenter()

/** The characters of a text as people count them. */
export const charactersOf = (text: string): string[] => Array.from(graphemes.segment(text), ({ segment }) => segment)

/** Plain text of at most so many columns; what is cut off is an ellipsis at the end. */
export function cutTo(text: string, columns: number): string {
  const whole = clean(text)
  if (widthOf(whole) <= columns) return whole
  if (columns < 1) return ''
  let kept = ''
  let used = 0
  for (const { segment } of graphemes.segment(whole)) {
    used += widthOf(segment)
    if (used > columns - 1) break
    kept += segment
  }
  return `${kept}…`
}

/** A line of at most so many columns; what is cut off is an ellipsis at the end. */
export function cutLine(line: Line, columns: number): Line {
  if (lineColumns(line) <= columns) return line
  const cut: (Span | string)[] = []
  let used = 0
  for (const part of line) {
    const { text, looks } = typeof part === 'string' ? { text: part, looks: [] } : part
    const short = cutTo(text, columns - used)
    cut.push(styled(short, ...looks))
    used += columnsOf(short)
    if (columnsOf(text) > columnsOf(short)) break
  }
  return cut
}

/** Plain text of exactly so many columns, at the left or the right of them. */
export function fitTo(text: string, columns: number, side: 'left' | 'right' = 'left'): string {
  const short = cutTo(text, columns)
  const rest = ' '.repeat(Math.max(0, columns - widthOf(short)))
  return side === 'left' ? short + rest : rest + short
}

/** A span where it stands: what a row is made of. */
export interface Run {
  /** Counted from 0. */
  readonly column: number
  readonly columns: number
  readonly text: string
  /** What switches its look on. */
  readonly open: string
  /** Whether every terminal gives it so many columns. */
  readonly sure: boolean
}

/** A line laid out on so many columns; what does not fit is an ellipsis at the end. */
export function laid(line: Line, columns: number, colours: boolean): Run[] {
  const runs: Run[] = []
  let column = 0
  for (const part of line) {
    const { text, looks } = typeof part === 'string' ? { text: part, looks: [] } : part
    const whole = clean(text)
    const short = cutTo(whole, columns - column)
    const width = widthOf(short)
    if (width > 0)
      runs.push({ column, columns: width, text: short, open: opening(looks, colours), sure: SURE.test(short) })
    if (short !== whole) break
    column += width
  }
  return runs
}

const opening = (looks: readonly Look[], colours: boolean): string =>
  looks.map((look) => (colours || ATTRIBUTES.includes(look) ? styles[look].open : '')).join('')
