import { stripVTControlCharacters, styleText } from 'node:util'
import { COLUMNS } from '../cli/screen.ts'
import { plain } from '../cli/words.ts'
import type { Hearing } from '../../plugins/jams/index.ts'

const COLOURS = { ada: 'magenta', ben: 'cyan' } as const
const isKnown = (name: string): name is keyof typeof COLOURS => name in COLOURS

/** Prints the demo's story: to standard output, or nowhere where one JSON object is asked for. */
export class Story {
  readonly #silent: boolean
  readonly #colour: boolean

  constructor(silent: boolean) {
    this.#silent = silent
    this.#colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined
  }

  say(text = ''): void {
    if (!this.#silent) process.stdout.write(`${text}\n`)
  }

  heading(text: string): void {
    this.say()
    this.say(this.#colour ? styleText('bold', text) : text)
  }

  /** Something that is not for reading word by word. */
  aside(text: string): void {
    for (const line of text.split('\n')) this.say(this.#colour ? styleText('dim', line) : line)
  }

  /** One thing a player does: from which bar of the jam, who, what, and who hears it from when. */
  act(bar: number, who: string, what: string, hears: string): void {
    const name = this.name(who)
    const padding = ' '.repeat(Math.max(0, 3 - stripVTControlCharacters(name).length))
    this.say(`  bar ${String(bar).padStart(2)}  ${name}${padding}  ${what}`)
    if (hears !== '') this.aside(`               ${hears}`)
  }

  name(who: string): string {
    const shown = capital(who)
    return this.#colour && isKnown(who) ? styleText(COLOURS[who], shown) : shown
  }
}

export const capital = (who: string): string => who.charAt(0).toUpperCase() + who.slice(1)

/** `Ada and Ben hear it from bar 9`; where they do not, each by itself. `self` is who asked. */
export function whoHears(self: string, hears: readonly Hearing[]): string {
  const rows = hears
    .map((hearing) => ({ ...hearing, who: capital(plain(hearing.shown === 'you' ? self : hearing.shown)) }))
    .sort((a, b) => (a.who < b.who ? -1 : 1))
  const [first] = rows
  const together = rows.every(({ state, bar }) => state === 'from' && bar === first?.bar)
  if (first && together && rows.length > 1)
    return `${rows.map(({ who }) => who).join(' and ')} hear it from bar ${first.bar ?? 0}`
  return rows
    .map(({ who, state, bar, message }) => {
      if (state === 'from') return `${who} hears it from bar ${bar ?? 0}`
      if (state === 'fetching') return `${who} is fetching it`
      if (state === 'unreachable' || state === 'away') return `${who} hears it when it arrives`
      return `${who}: ${plain(message ?? state)}`
    })
    .join(', ')
}

/** Text broken at commas into lines that begin with `indent` and are no wider than the story. */
export function wrapped(text: string, indent: string): string {
  const lines: string[] = []
  let line = ''
  for (const part of text.split(/(?<=,)/)) {
    if (line !== '' && indent.length + line.length + part.length > COLUMNS) {
      lines.push(line)
      line = ''
    }
    line += part
  }
  return [...lines, line].map((each) => indent + each).join('\n')
}
