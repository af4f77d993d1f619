import { ownedParts } from '../../lib/base/index.ts'
import { columnsOf, cutTo, isTerminal, Screen, styled, type Key, type Line, type Look } from '../terminal/index.ts'
import { levelBar } from '../cli/meters.ts'
import { decibels, plain } from '../cli/words.ts'
import { costOf, wordsOf, type DevEvent } from './events.ts'
import type { DevSession } from './session.ts'

/** Lines of what happened that are kept: more than the tallest terminal shows. */
const MAX_LINES = 400
/** Levels come four times a second. */
const REDRAW_MILLIS = 250

/** Shows what happens, and takes keys, until it is closed. */
export interface View {
  tell(event: DevEvent): void
  close(): void
}

/** What the keys do. */
export interface Deeds {
  publish(): void
  again(): void
  end(): void
}

const deedOf = (key: string, deeds: Deeds): void => {
  if (key === 'p') deeds.publish()
  else if (key === 'r') deeds.again()
  else if (key === 'q') deeds.end()
}

/** A line for each event, or a JSON object, where nobody looks at a screen; keys are characters of standard input. */
export function plainView(json: boolean, deeds: Deeds): View {
  const take = (chunk: Buffer): void => {
    for (const key of chunk.toString()) deedOf(key, deeds)
  }
  const end = (): void => deeds.end()
  process.stdin.on('data', take).on('error', () => undefined)
  process.on('SIGINT', end).on('SIGTERM', end)
  return {
    tell(event) {
      const lines = json ? [JSON.stringify(event)] : wordsOf(event).map(plain)
      for (const line of lines) process.stdout.write(`${line}\n`)
    },
    close() {
      process.off('SIGINT', end).off('SIGTERM', end)
      process.stdin.off('data', take).destroy()
    },
  }
}

/** Whether there is a screen and somebody before it. */
export const hasScreen = (): boolean => isTerminal()

/** The whole screen: what it is called and since when it sounds, its level and cost, its tags, what happened, the keys. */
export function screenView(session: () => DevSession, deeds: Deeds): View {
  const happened: Said[] = []
  let title = ''
  const draw = (): void => {
    const { rows, columns } = screen
    screen.draw(screenLines({ title, session: session(), happened, rows, columns }))
  }
  const screen = new Screen({ onKey: ({ name }: Key) => deedOf(name, deeds), onBlank: draw })
  void screen.closed.then(() => deeds.end())
  const timer = setInterval(draw, REDRAW_MILLIS)
  return {
    tell(event) {
      if (event.event === 'open') title = `${event.name} in ${ownedParts(event.jam).name}`
      else happened.push(...wordsOf(event).map((text) => ({ text, looks: looksOf(event) })))
      happened.splice(0, happened.length - MAX_LINES)
      draw()
    },
    close() {
      clearInterval(timer)
      screen.close()
    },
  }
}

function looksOf({ event }: DevEvent): Look[] {
  if (event === 'fault' || event === 'refused' || event === 'failed' || event === 'unpublished') return ['red']
  if (event === 'published') return ['green']
  return event === 'advice' ? ['yellow'] : event === 'built' ? ['dim'] : []
}

interface Said {
  readonly text: string
  readonly looks: readonly Look[]
}

interface Shown {
  readonly title: string
  readonly session: Pick<DevSession, 'state'>
  readonly happened: readonly Said[]
  readonly rows: number
  readonly columns: number
}

/** What a screen of a size shows; of what happened the newest at the bottom. */
export function screenLines({ title, session, happened, rows, columns }: Shown): Line[] {
  const { levels, tags, building, bar, published } = session.state
  const all = published === undefined ? '' : `, ${published} plays for everybody`
  const alone = bar === undefined ? 'nothing sounds for you alone' : `sounds since bar ${bar} for you alone`
  const head: Line[] = [
    [styled(title, 'bold'), `  ${building ? 'building, ' : ''}${alone}${all}`],
    levels
      ? [`${levelBar(levels)}  peak ${decibels(levels.peak)}  ${costOf(levels.load)}`]
      : [styled('no levels yet', 'dim')],
    [styled('─'.repeat(columns), 'dim')],
  ]
  const keys: Line = [
    styled('p', 'bold'),
    ' publish for everybody  ',
    styled('r', 'bold'),
    ' build again  ',
    styled('q', 'bold'),
    ' end',
  ]
  const room = Math.max(0, rows - head.length - 1)
  const set = last([...tags], Math.floor(room / 3)).map(([tag, value]): Line => [
    styled(tag, 'cyan'),
    ` ${shown(value)}`,
  ])
  const free = room - set.length
  const said = last(
    last(happened, free).flatMap(({ text, looks }) =>
      wrapped(text, columns).map((part): Line => [styled(part, ...looks)]),
    ),
    free,
  )
  const blank = Array.from({ length: Math.max(0, room - set.length - said.length) }, (): Line => [])
  return [...head, ...set, ...said, ...blank, keys]
}

const last = <T>(all: readonly T[], count: number): readonly T[] => (count > 0 ? all.slice(-count) : [])

/** A text in lines of at most so many columns, broken between words where that can be. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line !== undefined && columnsOf(`${line} ${word}`) <= columns) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(cutTo(word, columns))
  }
  return lines
}

const shown = (value: number | string): string => (typeof value === 'number' ? String(Number(value.toFixed(3))) : value)
