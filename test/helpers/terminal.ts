import { createRequire } from 'node:module'
import { PassThrough, Writable } from 'node:stream'
import type { Terminal } from '@xterm/headless'

// Its names cannot be told from its text, by which Node and tsx import other than each other.
const { Terminal: XTerm } = createRequire(import.meta.url)('@xterm/headless') as { Terminal: typeof Terminal }

/** A terminal within the test: what is written to `output` is on its screen, as xterm.js understands it. */
export class TestTerminal {
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
  readonly #terminal: Terminal
  readonly #keys = new PassThrough()
  /** Everything that was written. */
  written = ''

  constructor(columns: number, rows: number, colours = true) {
    this.#terminal = new XTerm({ cols: columns, rows, scrollback: 100, allowProposedApi: true })
    const output = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.written += chunk.toString()
        this.#terminal.write(chunk, done)
      },
    })
    this.input = Object.assign(this.#keys, { isTTY: true, setRawMode: () => this.#keys }) as never
    this.output = Object.assign(output, { isTTY: true, columns, rows, hasColors: () => colours }) as never
  }

  /** As a person types it, or a terminal sends it. */
  type(text: string): void {
    this.#keys.write(text)
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows)
    Object.assign(this.output, { columns, rows })
    this.output.emit('resize')
  }

  /** What is to be seen, row by row, without what is empty at their ends; once all that was written is. */
  async rows(): Promise<string[]> {
    await new Promise<void>((resolve) => {
      this.output.write('', () => resolve())
    })
    const { active } = this.#terminal.buffer
    return Array.from({ length: this.#terminal.rows }, (_, row) =>
      (active.getLine(active.baseY + row)?.translateToString(true) ?? '').trimEnd(),
    )
  }

  /** Whether the screen that a program takes is shown, and not the one with the shell's history. */
  get alternate(): boolean {
    return this.#terminal.buffer.active.type === 'alternate'
  }

  /** Rows that ran out over the top of the screen. */
  get scrolled(): number {
    return this.#terminal.buffer.active.baseY
  }
}
