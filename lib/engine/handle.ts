import { fork, type ChildProcess } from 'node:child_process'
import { MarmaladeError, type Millis } from '../base/index.ts'
import { loaderFor, siblingModule } from '../base/node/thread.ts'
import { parseSink, soundEnvironment, usesStandardOutput } from '../sink/index.ts'
import type { FromEngine, SessionInit, SessionReport, ToEngine } from './types.ts'

/** How long the engine gets to start and to finish its files. */
const START_MILLIS: Millis = 20_000
const CLOSE_MILLIS: Millis = 20_000

/** What of the environment the engine needs: nothing that could hold a secret. */
const environment = (): NodeJS.ProcessEnv => ({
  ...soundEnvironment(),
  ...(process.env['TMPDIR'] !== undefined && { TMPDIR: process.env['TMPDIR'] }),
})

/** A running sound engine, seen from the node. */
export class Engine {
  readonly #child: ChildProcess
  readonly #listen: (message: FromEngine) => void
  readonly #closed: Promise<SessionReport | undefined>
  #report: SessionReport | undefined
  #failed = false

  private constructor(child: ChildProcess, listen: (message: FromEngine) => void) {
    this.#child = child
    this.#listen = listen
    this.#closed = new Promise((resolve) => {
      child.on('message', (message: FromEngine) => this.#hear(message))
      // A message to a process that has just gone; its end is told by `exit`, or, where it never ran, here.
      child.on('error', ({ message }) => {
        if (child.pid !== undefined) return
        this.#fail(`the sound engine cannot be started: ${message}`)
        resolve(undefined)
      })
      child.once('exit', (code, signal) => {
        if (!this.#report) this.#fail(`the sound engine ended (${signal ?? code ?? 'no code'})`)
        resolve(this.#report)
      })
    })
  }

  /** Starts the process and opens the session. @throws SINK_UNKNOWN, ENGINE_LOST */
  static async start(session: SessionInit, listen: (message: FromEngine) => void): Promise<Engine> {
    const out = usesStandardOutput(parseSink(session.sink)) ? 'inherit' : 'ignore'
    const module = siblingModule('child', import.meta.url)
    const child = fork(module, [], {
      serialization: 'advanced',
      execArgv: loaderFor(module),
      env: environment(),
      stdio: ['ignore', out, 'inherit', 'ipc'],
    })
    const engine = new Engine(child, listen)
    await engine.#ready()
    engine.send({ kind: 'open', session })
    return engine
  }

  /** The process, for tests and for who watches. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Tells the engine; nothing where it has ended. */
  send(message: ToEngine): void {
    if (this.#child.connected) this.#child.send(message, () => undefined)
  }

  /** Ends the session, its files finished, and the process. Gives the report; undefined where the engine had died. */
  async close(): Promise<SessionReport | undefined> {
    this.send({ kind: 'close' })
    const late = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_MILLIS)
    const report = await this.#closed
    clearTimeout(late)
    return report
  }

  #hear(message: FromEngine): void {
    if (message.kind === 'closed') this.#report = message.report
    if (message.kind === 'failed') this.#failed = true
    this.#listen(message)
  }

  /** Told once, whatever else fails after it. */
  #fail(message: string): void {
    if (this.#failed) return
    this.#failed = true
    this.#listen({ kind: 'failed', code: 'ENGINE_LOST', message })
  }

  async #ready(): Promise<void> {
    const started = await new Promise<boolean>((resolve) => {
      const late = setTimeout(() => resolve(false), START_MILLIS)
      const settle = (ready: boolean) => (): void => {
        clearTimeout(late)
        resolve(ready)
      }
      this.#child.once('message', settle(true))
      void this.#closed.then(settle(false))
    })
    if (started) return
    this.#failed = true
    this.#child.kill('SIGKILL')
    throw new MarmaladeError('ENGINE_LOST', 'the sound engine did not start: the log of the node says why')
  }
}
