import type { Home, Config } from '../../lib/store/index.ts'
import type { Context } from '../cli/context.ts'
import { COLUMNS, cut } from '../cli/screen.ts'
import { plain } from '../cli/words.ts'

/** One thing that was looked at. */
export interface Finding {
  readonly name: string
  /** `lacks` is something that only some need; what is `broken` keeps a node or its sound from working. */
  readonly state: 'ok' | 'lacks' | 'broken'
  readonly words: string
  /** The command that mends it. */
  readonly remedy?: string
}

/** What checks look at. */
export interface Patient {
  readonly context: Pick<Context, 'nodeIfRunning'>
  readonly home: Home
  /** What config.json says, or what is wrong with it. */
  readonly config: Config | Error
  /** As `--sink`, config.json or the machine has it. */
  readonly sink: string
}

const MARKS = { ok: 'ok', lacks: '--', broken: '!!' } as const
const NAME = 10

/** One line of 80 columns: the mark, what was looked at, how it is, the command. Words are cut, commands never. */
export function line({ name, state, words, remedy }: Finding): string {
  const head = `${MARKS[state]}  ${name.padEnd(NAME)}  `
  const tail = remedy === undefined ? '' : `: ${remedy}`
  const room = Math.max(12, COLUMNS - head.length - tail.length)
  return head + cut(plain(words), room) + tail
}

/** The first line of what an error says. */
export const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
