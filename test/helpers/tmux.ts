import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Teardown } from './hosts.ts'
import { eventually } from './until.ts'

const run = promisify(execFile)

/** Why there is no terminal to run programs in; undefined where there is one. */
export function withoutTmux(): string | undefined {
  try {
    execFileSync('tmux', ['-V'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'tmux is missing: apt-get install tmux'
  }
}

/** A program in a real terminal of tmux, with nothing of the settings of whoever runs the tests. */
export class Tmux {
  readonly #socket: string

  private constructor(socket: string) {
    this.#socket = socket
  }

  /** Starts a shell command; after its end `over <exit code>` is on the screen. */
  static async start(down: Teardown, command: string, columns = 80, rows = 24): Promise<Tmux> {
    const tmux = new Tmux(join(await down.folder(), 'tmux'))
    const env = { ...process.env, TERM: 'xterm-256color', TMUX: '', LC_ALL: 'C.UTF-8' }
    const size = ['-x', String(columns), '-y', String(rows)]
    const args = ['-S', tmux.#socket, '-f', '/dev/null', '-u', 'new-session', '-d', ...size]
    await run('tmux', [...args, `${command}; echo over $?; exec cat`], { env })
    down.add(tmux, (it) => it.#ask('kill-server').then(() => undefined))
    return tmux
  }

  /** What is on the screen, row by row. */
  async screen(): Promise<string[]> {
    return (await this.#ask('capture-pane', '-p')).split('\n').slice(0, -1)
  }

  /** Waits until the screen shows a text. */
  async shows(text: string): Promise<string[]> {
    return eventually(
      `the screen shows ${text}`,
      () => this.screen(),
      (rows) => rows.join('\n').includes(text),
    )
  }

  /** Presses keys by tmux's names (`Up`, `Enter`, `m`). */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#ask('send-keys', ...keys)
  }

  async type(text: string): Promise<void> {
    await this.#ask('send-keys', '-l', text)
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#ask('resize-window', '-x', String(columns), '-y', String(rows))
  }

  /** Whether the program has the whole screen, and the shell's lines are kept beside. */
  async isAlternate(): Promise<boolean> {
    return (await this.#ask('display-message', '-p', '#{alternate_on}')).trim() === '1'
  }

  async #ask(...args: readonly string[]): Promise<string> {
    return (await run('tmux', ['-S', this.#socket, ...args])).stdout
  }
}
