import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { nodeOptions } from './spawned.ts'

/** What a process of its own can be asked to do, by name; answers are what survives JSON. */
export type Methods = Readonly<Record<string, (...args: never[]) => unknown>>

interface Asked {
  readonly call: number
  readonly method: string
  readonly args: readonly unknown[]
}
interface Answer {
  readonly call: number
  readonly result?: unknown
  readonly error?: string
}
interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** Longest that one answer may take, in milliseconds: a bench that hangs ends. */
const LONGEST = 300_000

/** A process that lives as long as several questions to it. */
export class Actor {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  readonly #name: string
  #calls = 0

  constructor(module: URL) {
    this.#name = module.pathname
    this.#child = fork(module, { execArgv: nodeOptions() })
    this.pid = this.#child.pid ?? 0
    this.#child.on('message', (message) => this.#answered(message as Answer))
    this.#child.once('exit', (code, signal) => this.#gone(code ?? signal))
  }

  /** @throws Error what the process failed with, or that it ended or did not answer */
  async ask<R>(method: string, ...args: readonly unknown[]): Promise<R> {
    const call = ++this.#calls
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(call, { resolve, reject }))
    const late = setTimeout(() => this.#fail(call, `${method} of ${this.#name} did not answer`), LONGEST)
    this.#child.send({ call, method, args } satisfies Asked)
    try {
      // What a method gives is checked by nobody: both ends lie in this folder.
      return (await answer) as R
    } finally {
      clearTimeout(late)
      this.#waiting.delete(call)
    }
  }

  /** Ends the process; one that does not go by itself is killed. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 5_000)
    this.#child.disconnect()
    await gone
    clearTimeout(late)
  }

  #answered({ call, result, error }: Answer): void {
    const waiting = this.#waiting.get(call)
    if (error !== undefined) waiting?.reject(new Error(error))
    else waiting?.resolve(result)
  }

  #gone(why: unknown): void {
    for (const call of [...this.#waiting.keys()]) this.#fail(call, `${this.#name} ended with ${String(why)}`)
  }

  #fail(call: number, message: string): void {
    this.#waiting.get(call)?.reject(new Error(message))
  }
}

/** Serves methods to the process that started this one, until that lets go; then closes what there is and ends. */
export function serveMethods(methods: Methods, close: () => Promise<void>): void {
  process.on('message', (message) => {
    const { call, method, args } = message as Asked
    const answer = (more: Omit<Answer, 'call'>): void => void process.send?.({ call, ...more })
    const found = methods[method]
    if (!found) {
      answer({ error: `no method ${method}` })
      return
    }
    Promise.resolve()
      .then(() => found(...(args as never[])))
      .then(
        (result) => answer({ result }),
        (error: unknown) => answer({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      )
  })
  process.once('disconnect', () => {
    close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  })
}
