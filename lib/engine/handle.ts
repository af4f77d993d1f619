import { fork, type ChildProcess } from 'node:child_process'
import { MarmaladeError } from '../base/index.ts'
import { siblingModule } from '../base/node/thread.ts'
import type { FromEngine, SessionInit, SessionReport, ToEngine } from './types.ts'

/** How long the engine gets to start and to finish its files. */
const START_MILLIS = 20_000
const CLOSE_MILLIS = 20_000

/** What of the environment the engine needs: nothing that could hold a secret. */
const KEPT = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'XDG_RUNTIME_DIR', 'PULSE_SERVER', 'DBUS_SESSION_BUS_ADDRESS']

function environment(): NodeJS.ProcessEnv {
  const kept: NodeJS.ProcessEnv = {}
  for (const [key, value] of Object.entries(process.env)) {
    if (KEPT.includes(key) || key.startsWith('ALSA_') || key.startsWith('MARM_')) kept[key] = value
  }
  return kept
}

/** A running sound engine, seen from the node. */
export class Engine {
  readonly #child: ChildProcess
  readonly #closed: Promise<SessionReport | undefined>
  #report: SessionReport | undefined

  private constructor(child: ChildProcess, listen: (message: FromEngine) => void) {
    this.#child = child
    child.on('message', (message: FromEngine) => {
      if (message.kind === 'closed') this.#report = message.report
      listen(message)
    })
    child.on('error', (error) => listen({ kind: 'failed', message: error.message }))
    this.#closed = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        if (!this.#report) listen({ kind: 'failed', message: `the engine ended (${signal ?? code ?? 'no code'})` })
        resolve(this.#report)
      })
    })
  }

  /** Starts the process and opens the session. @throws ENGINE_LOST */
  static async start(session: SessionInit, listen: (message: FromEngine) => void): Promise<Engine> {
    const module = siblingModule('child', import.meta.url)
    const loader = module.pathname.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : []
    const child = fork(module, [], {
      serialization: 'advanced',
      execArgv: loader,
      env: environment(),
      stdio: ['ignore', session.sink === 'raw:-' ? 'inherit' : 'ignore', 'inherit', 'ipc'],
    })
    const engine = new Engine(child, listen)
    await engine.#ready()
    engine.send({ kind: 'open', session })
    return engine
  }

  send(message: ToEngine): void {
    if (this.#child.connected) this.#child.send(message)
  }

  /** Ends the session, its files finished, and the process. Gives the report; undefined where the engine had died. */
  async close(): Promise<SessionReport | undefined> {
    this.send({ kind: 'close' })
    const late = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_MILLIS)
    const report = await this.#closed
    clearTimeout(late)
    return report
  }

  async #ready(): Promise<void> {
    const started = await new Promise<boolean>((resolve) => {
      const late = setTimeout(() => resolve(false), START_MILLIS)
      this.#child.once('message', () => {
        clearTimeout(late)
        resolve(true)
      })
      this.#child.once('exit', () => {
        clearTimeout(late)
        resolve(false)
      })
    })
    if (started) return
    this.#child.kill('SIGKILL')
    throw new MarmaladeError('ENGINE_LOST', 'the sound engine did not start: the log of the node says why')
  }
}
