import { resolve } from 'node:path'
import { MarmaladeError } from '../../lib/base/index.ts'
import { compareRenders, readTake } from '../../lib/engine/index.ts'
import type { Compared, MissingEntries, Reason, Replayed, ReplayInit, TakeOnDisk } from '../../lib/engine/index.ts'
import type { Score } from '../../lib/jam/index.ts'
import { Overview } from '../../lib/picture/index.ts'
import type { Context } from './context.ts'
import { missingWords } from './failures.ts'
import { openJamSource } from './jam-source.ts'
import { nameOf } from './meters.ts'
import { watchedBy, writePicture, type Seen } from './picture.ts'
import { progressBar } from './progress.ts'
import { renderingOf, scoreOf, type Bars } from './rendering.ts'
import { COLUMNS, cut } from './screen.ts'
import { plain, table } from './words.ts'

/** Columns of the name that a line begins with, and of the bars after it. */
const NAME = 18
const BARS = COLUMNS - NAME - 2

interface Asked {
  readonly jam: string | undefined
  /** Each a take file, or `score`. */
  readonly what: readonly string[]
  readonly bars: Bars
  readonly threads: number | undefined
  /** Where to draw both. */
  readonly svg: string | undefined
}

interface Row {
  readonly path: string
  readonly shown: string
  /** Where it is not the same for the first time; the bar from 1. */
  readonly first?: { readonly frame: number; readonly bar: number }
  /** Bars, from 1, in which it sounds in either, and those in which it is not the same. */
  readonly sounding: readonly number[]
  readonly differing: readonly number[]
  readonly reasons: readonly (Omit<Reason, 'frame'> & { readonly frame?: number; readonly bar?: number })[]
}

/** One of the two. */
interface OneOfTwo {
  readonly what: string
  readonly samplesSha256: string
  /** Of a take: entries that it heard and that are not here, so not in it. */
  readonly missing?: MissingEntries
}

/** What `replay --compare` prints. */
export interface Comparison {
  readonly jam: string
  readonly equal: boolean
  readonly a: OneOfTwo
  readonly b: OneOfTwo
  /** Frames of the jam that both have, from the first to before the other; bars from 1. */
  readonly frames: readonly [from: number, to: number]
  readonly bars: readonly [first: number, last: number]
  readonly rows: readonly Row[]
  /** The picture. */
  readonly svg?: string
}

/** @throws USAGE, and what `replay` and `readTake` throw */
export async function compare(context: Context, { jam, what, bars, threads, svg }: Asked): Promise<Comparison> {
  const [one, two, ...more] = what
  if (one === undefined || two === undefined || more.length > 0)
    throw new MarmaladeError('USAGE', '--compare takes two: each a file of a take, or the word score')
  const takes = [await takeOf(one), await takeOf(two)] as const
  const source = await openJamSource(context, jam ?? takes[0]?.header.jam ?? takes[1]?.header.jam)
  const progress = progressBar('compare')
  try {
    const score = scoreOf(source, bars)
    const shared = { ...renderingOf(source, score, progress, bars), ...(threads !== undefined && { threads }) }
    const overviews = [new Overview(), new Overview()] as const
    const render = (nth: 0 | 1): ReplayInit => {
      const take = takes[nth]
      return { ...shared, ...(take && { take }), ...(svg !== undefined && watchedBy(overviews[nth])) }
    }
    const compared = await compareRenders(render(0), render(1))
    if (svg !== undefined) {
      const seen: Seen[] = [
        { what: one, replayed: compared.a, overview: overviews[0], take: takes[0] },
        { what: two, replayed: compared.b, overview: overviews[1], take: takes[1] },
      ]
      await writePicture(svg, { source, score, seen, differences: compared.differences })
    }
    return { ...comparisonOf(source.jam, score, { compared, one, two }), ...(svg !== undefined && { svg }) }
  } finally {
    progress.stop()
    await source.close()
  }
}

const takeOf = async (text: string): Promise<TakeOnDisk | undefined> =>
  text === 'score' ? undefined : readTake(resolve(text))

interface Done {
  readonly compared: Compared
  readonly one: string
  readonly two: string
}

function comparisonOf(jam: string, { grid }: Score, { compared, one, two }: Done): Comparison {
  const barAt = (frame: number): number => grid.barOfFrame(frame) + 1
  const { a, b, from, to, isEqual, differences } = compared
  const shownFrom1 = (all: ReadonlySet<number>): number[] => [...all].map((bar) => bar + 1).sort((x, y) => x - y)
  return {
    jam,
    equal: isEqual,
    a: sideOf(one, a),
    b: sideOf(two, b),
    frames: [from, to],
    bars: [barAt(from), barAt(Math.max(from, to - 1))],
    rows: differences.map(({ path, first, sounding, differing, reasons }) => ({
      path,
      shown: nameOf(path),
      ...(first !== undefined && { first: { frame: first, bar: barAt(first) } }),
      sounding: shownFrom1(sounding),
      differing: shownFrom1(differing),
      reasons: reasons.map(({ frame, ...reason }) => ({
        ...reason,
        ...(frame !== undefined && { frame, bar: barAt(frame) }),
      })),
    })),
  }
}

const sideOf = (what: string, { samplesSha256, missing }: Replayed): OneOfTwo => ({
  what,
  samplesSha256,
  ...(missing && { missing }),
})

/** A table of what differs, why as far as takes tell, and a line of bars for each; no line wider than 80 columns. */
export function comparisonWords({ equal, a, b, frames, bars, rows }: Comparison): string {
  const [from, to] = frames
  const where = `bars ${bars[0]} to ${bars[1]}`
  if (to <= from) return `${a.what} and ${b.what} have no frame in common`
  const missing = [...missingWords(a.missing, 'A '), ...missingWords(b.missing, 'B ')]
  const same = `the same, every sample of every instance: ${where}, ${((to - from) / 48_000).toFixed(2)} s`
  if (equal) return [same, ...missing].join('\n')
  const differing = rows.filter(({ first }) => first !== undefined)
  const lines = [
    cut(`A  ${plain(a.what)}`, COLUMNS),
    cut(`B  ${plain(b.what)}`, COLUMNS),
    ...missing,
    '',
    table(
      ['differs', 'from bar', 'frame', 'bars'],
      differing.map(({ shown, first, differing: bad, sounding }) => [
        cut(shown, NAME),
        first?.bar ?? '',
        first?.frame ?? '',
        `${bad.length} of ${sounding.length}`,
      ]),
    ),
    ...differing.flatMap(({ shown, reasons }) =>
      reasons.map(({ side, bar, text }) =>
        cut(
          `${plain(shown)}: in ${side.toUpperCase()}${bar === undefined ? '' : ` at bar ${bar}`} ${plain(text)}`,
          COLUMNS,
        ),
      ),
    ),
    '',
    ...timeline(rows, bars),
  ]
  return lines.join('\n')
}

/** `#` where it is not the same, `=` where it is, `.` where it is silent in both: as many bars a column as it needs. */
function timeline(rows: readonly Row[], [first, last]: readonly [number, number]): string[] {
  const each = Math.ceil((last - first + 1) / BARS)
  const columns = Math.ceil((last - first + 1) / each)
  const has = (bars: readonly number[], column: number): boolean => {
    const from = first + column * each
    return bars.some((bar) => bar >= from && bar < from + each)
  }
  const mark = ({ differing, sounding }: Row, column: number): string =>
    has(differing, column) ? '#' : has(sounding, column) ? '=' : '.'
  const line = (row: Row): string => Array.from({ length: columns }, (_, column) => mark(row, column)).join('')
  return [
    `bars ${first} to ${last}${each > 1 ? `, ${each} a column` : ''}: # differs, = is the same, . is silent`,
    ...rows.map((row) => `${cut(plain(row.shown), NAME).padEnd(NAME)}  ${line(row)}`),
  ]
}
