import { median, type Section } from './figures.ts'

/** Three significant digits, or whole numbers with their thousands set apart. */
export function shown(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}

/** Median, least and most of each figure, as a table for a terminal. */
export function tableOf({ title, figures, notes }: Section): string {
  const rows = figures.map(({ what, unit, values }) => ({
    what,
    middle: shown(median(values)),
    unit,
    range: values.length > 1 ? `${shown(Math.min(...values))} to ${shown(Math.max(...values))}` : '',
  }))
  const widest = Math.max(...rows.map(({ what }) => what.length))
  const lines = rows.map(
    ({ what, middle, unit, range }) => `  ${what.padEnd(widest)}  ${middle.padStart(9)} ${unit.padEnd(14)} ${range}`,
  )
  return [title, ...lines.map((line) => line.trimEnd()), ...notes.map((note) => `  (${note})`)].join('\n')
}
