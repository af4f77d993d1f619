import { styleText } from 'node:util'
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

  /** One thing a player does: bar of the jam, who, what, and who hears it from when. */
  act(bar: number, who: string, what: string, hears: string): void {
    const name = this.name(who).padEnd(this.#colour && isKnown(who) ? 13 : 3)
    this.say(`  bar ${String(bar).padStart(2)}  ${name}  ${what}${hears === '' ? '' : `\n               ${hears}`}`)
  }

  name(who: string): string {
    const shown = who.charAt(0).toUpperCase() + who.slice(1)
    return this.#colour && isKnown(who) ? styleText(COLOURS[who], shown) : shown
  }
}

/** `Ada hears it from bar 9, Ben from bar 9`. `self` is who asked. */
export function whoHears(self: string, hears: readonly Hearing[]): string {
  return hears
    .map((hearing) => {
      const who = hearing.shown === 'you' ? self : hearing.shown
      if (hearing.state === 'from') return `${who} hears it from bar ${hearing.bar ?? 0}`
      if (hearing.state === 'fetching') return `${who} is fetching it`
      return `${who}: ${hearing.message ?? hearing.state}`
    })
    .join(', ')
}
