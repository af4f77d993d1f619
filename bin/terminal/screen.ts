import {
  beginSynchronizedOutput,
  cursorHide,
  cursorShow,
  cursorTo,
  endSynchronizedOutput,
  enterAlternativeScreen,
  eraseEndLine,
  eraseScreen,
  exitAlternativeScreen,
} from 'ansi-escapes'
import { MarmaladeError } from '../../lib/base/index.ts'
import { listenToKeys, type Key } from './keys.ts'
import { laid, type Line, type Run } from './text.ts'

/** Where the cursor is shown; both counted from 0. */
export interface Place {
  readonly row: number
  readonly column: number
}

interface Init {
  /** Each key but Ctrl-C, which closes the screen, and Ctrl-Z, which puts the program to sleep. */
  readonly onKey: (key: Key) => void
  /** The screen has another size, or shows nothing any more: time to draw. */
  readonly onBlank: () => void
  readonly input?: NodeJS.ReadStream
  readonly output?: NodeJS.WriteStream
}

/** A line that runs over the right end does not go on in the next one; pasted text is told from keys. */
const OWN_MODES = '\u001B[?7l\u001B[?2004h'
const USUAL_MODES = '\u001B[?7h\u001B[?2004l'
const USUAL_LOOK = '\u001B[0m'
/** A program that was put to sleep by a shell that has no such thing (or by none) goes on after this. */
const SLEEP_MILLIS = 100
const FATAL = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const

/**
 * A terminal's whole screen for one program: it draws lines, writes only what is another than before, and tells of keys. However
 * the program ends, the terminal is as it was.
 */
export class Screen {
  /** Resolves when the screen is given back: by `close`, Ctrl-C, or a terminal that is gone. */
  readonly closed: Promise<void>
  readonly #init: Init
  readonly #input: NodeJS.ReadStream
  readonly #output: NodeJS.WriteStream
  readonly #colours: boolean
  readonly #undo: (() => void)[] = []
  #shown: Run[][] = []
  #cursor: Place | undefined
  /** Drawn when what was written before has gone out. */
  #next: { readonly lines: readonly Line[]; readonly cursor: Place | undefined } | undefined
  #entered = false
  #over = false
  #resolve: () => void = () => undefined

  /** Takes the terminal. @throws USAGE where input or output is none */
  constructor(init: Init) {
    this.#init = init
    this.#input = init.input ?? process.stdin
    this.#output = init.output ?? process.stdout
    if (!isTerminal(this.#input, this.#output))
      throw new MarmaladeError(
        'USAGE',
        'this needs a terminal: run it in one, or see `--help` for what it prints without',
      )
    this.#colours = this.#output.hasColors()
    this.closed = new Promise((resolve) => (this.#resolve = resolve))
    this.#listen()
    this.#enter()
  }

  get columns(): number {
    return this.#output.columns
  }

  get rows(): number {
    return this.#output.rows
  }

  /** Shows lines from the top; rows without a line are empty, lines without a row are not shown. */
  draw(lines: readonly Line[], cursor?: Place): void {
    if (!this.#entered) return
    if (this.#output.writableNeedDrain) {
      this.#next = { lines, cursor }
      return
    }
    const out: string[] = []
    for (let row = 0; row < this.rows; row++) {
      const runs = laid(lines[row] ?? [], this.columns, this.#colours)
      out.push(changed(this.#shown[row] ?? [], runs, row))
      this.#shown[row] = runs
    }
    const moved = cursor?.row !== this.#cursor?.row || cursor?.column !== this.#cursor?.column
    const text = out.join('')
    if (text === '' && !moved) return
    const place = cursor ? cursorTo(cursor.column, cursor.row) + cursorShow : ''
    this.#cursor = cursor
    this.#output.write(beginSynchronizedOutput + cursorHide + text + place + endSynchronizedOutput)
  }

  /** Gives the terminal back, as it was. */
  close(): void {
    if (this.#over) return
    this.#over = true
    this.#leave()
    for (const undo of this.#undo) undo()
    this.#input.pause()
    this.#resolve()
  }

  #listen(): void {
    const { onKey, onBlank } = this.#init
    const close = (): void => this.close()
    const leave = (): void => this.#leave()
    const redraw = (): void => {
      this.#shown = []
      this.#write(eraseScreen)
      onBlank()
    }
    const drained = (): void => {
      const next = this.#next
      this.#next = undefined
      if (next) this.draw(next.lines, next.cursor)
    }
    const on = (emitter: NodeJS.EventEmitter, event: string, listener: () => void): void => {
      emitter.on(event, listener)
      this.#undo.push(() => emitter.off(event, listener))
    }
    on(this.#output, 'resize', redraw)
    on(this.#output, 'drain', drained)
    on(this.#output, 'error', close)
    on(this.#input, 'end', close)
    on(this.#input, 'error', close)
    on(process, 'exit', leave)
    // Before Node prints what nobody caught: on the screen that stays.
    on(process, 'uncaughtExceptionMonitor', leave)
    on(process, 'SIGCONT', () => this.#wake())
    on(process, 'SIGTSTP', () => this.#sleep(process.pid))
    for (const signal of FATAL) {
      on(process, signal, () => {
        this.close()
        process.kill(process.pid, signal)
      })
    }
    const press = (key: Key): void => {
      if (key.name === 'ctrl-c') this.close()
      // As the terminal would have: whatever was started together sleeps together.
      else if (key.name === 'ctrl-z') this.#sleep(0)
      else onKey(key)
    }
    this.#undo.push(listenToKeys(this.#input, press))
  }

  /** Gives the terminal to the shell until it lets the program go on. @param whom a process, or 0 for all of its group */
  #sleep(whom: number): void {
    this.#leave()
    const handlers = process.rawListeners('SIGTSTP') as NodeJS.SignalsListener[]
    process.removeAllListeners('SIGTSTP')
    process.kill(whom, 'SIGTSTP')
    setTimeout(() => {
      for (const handler of handlers) process.on('SIGTSTP', handler)
      this.#wake()
    }, SLEEP_MILLIS)
  }

  #wake(): void {
    if (this.#over) return
    this.#leave()
    this.#enter()
    this.#init.onBlank()
  }

  #enter(): void {
    this.#entered = true
    this.#shown = []
    this.#cursor = undefined
    this.#input.setRawMode(true)
    this.#input.resume()
    this.#write(enterAlternativeScreen + OWN_MODES + USUAL_LOOK + eraseScreen + cursorHide)
  }

  #leave(): void {
    if (!this.#entered) return
    this.#write(USUAL_LOOK + USUAL_MODES + exitAlternativeScreen + cursorShow)
    this.#entered = false
    this.#next = undefined
    this.#input.setRawMode(false)
  }

  #write(text: string): void {
    if (this.#entered) this.#output.write(text)
  }
}

/** Whether a person sits at both ends. */
export const isTerminal = (
  input: NodeJS.ReadStream = process.stdin,
  output: NodeJS.WriteStream = process.stdout,
): boolean => input.isTTY && output.isTTY && process.env['TERM'] !== 'dumb'

/** What turns a row into another: its runs from the first that is another to the last one, and nothing where there is none. */
function changed(before: readonly Run[], now: readonly Run[], row: number): string {
  let first = 0
  while (first < now.length && same(before[first], now[first])) first++
  let last = now.length
  if (before.length === now.length) while (last > first && same(before[last - 1], now[last - 1])) last--
  const shorter = endOf(now) < endOf(before)
  if (first === last && !shorter) return ''
  // Who knows where what a terminal takes for wider or narrower ends: nothing of such a row stays.
  if (![...before, ...now].every(({ sure }) => sure)) return cursorTo(0, row) + eraseEndLine + drawn(now, row)
  return drawn(now.slice(first, last), row) + (shorter ? cursorTo(endOf(now), row) + eraseEndLine : '')
}

/** Runs one after the other, each where it belongs wherever a terminal ended the one before. */
function drawn(runs: readonly Run[], row: number): string {
  let isThere = false
  const texts = runs.map(({ column, open, text, sure }) => {
    const place = isThere ? '' : cursorTo(column, row)
    isThere = sure
    return place + (open === '' ? text : `${open}${text}${USUAL_LOOK}`)
  })
  return texts.join('')
}

const same = (a: Run | undefined, b: Run | undefined): boolean =>
  a?.column === b?.column && a?.columns === b?.columns && a?.text === b?.text && a?.open === b?.open

function endOf(runs: readonly Run[]): number {
  const last = runs.at(-1)
  return last ? last.column + last.columns : 0
}
