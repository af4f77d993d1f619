import { spawn, type ChildProcess } from 'node:child_process'
import { MarmaladeError } from '../base/index.ts'
import { siblingModule } from '../base/node/thread.ts'
import { floatBytes } from './pcm.ts'
import type { Sink } from './types.ts'

/** How long a process gets to say that it plays, and to play out at the end. */
const START_MILLIS = 5_000
const END_MILLIS = 3_000

/** A program that reads interleaved stereo float32 from its standard input and plays it. */
export interface Player {
  readonly command: string
  readonly args: readonly string[]
  /** Said where it cannot start: what is missing and how to get it. */
  readonly remedy: string
  /** Whether it reports on descriptor 3 that the device is open; else being alive is enough. */
  readonly reports: 'ready' | 'nothing'
}

/** What of the environment a player needs; nothing else of ours is its business. */
const KEPT = ['PATH', 'HOME', 'LANG', 'XDG_RUNTIME_DIR', 'PULSE_SERVER', 'PIPEWIRE_REMOTE', 'DBUS_SESSION_BUS_ADDRESS']

function environment(): NodeJS.ProcessEnv {
  const kept: NodeJS.ProcessEnv = {}
  for (const [key, value] of Object.entries(process.env)) {
    if (KEPT.includes(key) || key.startsWith('ALSA_') || key.startsWith('MARM_')) kept[key] = value
  }
  return kept
}

/** Plays through a process of its own: the sound of a card that vanishes takes the process with it, not the engine. */
export class ProcessSink implements Sink {
  readonly name: string
  readonly lateness = 'skip'
  readonly #player: Player
  #child: ChildProcess | undefined
  #failure: string | undefined
  #said = ''

  constructor(name: string, player: Player) {
    this.name = name
    this.#player = player
  }

  async open(): Promise<void> {
    this.#failure = undefined
    this.#said = ''
    const report = this.#player.reports === 'ready' ? 'pipe' : 'ignore'
    const child = spawn(this.#player.command, this.#player.args, {
      stdio: ['pipe', 'ignore', 'pipe', report],
      env: environment(),
    })
    this.#child = child
    child.stderr?.on('data', (text: Buffer) => {
      this.#said = (this.#said + text.toString()).slice(-500)
    })
    child.stdin?.on('error', () => undefined)
    child.on('exit', (code, signal) => {
      this.#failure ??= `it ended (${signal ?? code ?? 'no code'})`
    })
    await this.#started(child)
  }

  async #started(child: ChildProcess): Promise<void> {
    const failed = await new Promise<boolean>((resolve) => {
      child.once('error', () => resolve(true))
      child.once('exit', () => resolve(true))
      if (this.#player.reports === 'ready') child.stdio[3]?.once('data', () => resolve(false))
      else child.once('spawn', () => resolve(false))
      const late = setTimeout(() => resolve(true), START_MILLIS)
      late.unref()
    })
    if (!failed) return
    child.kill('SIGKILL')
    this.#child = undefined
    throw new MarmaladeError('SINK_UNAVAILABLE', `${this.name} cannot play here: ${this.#player.remedy}`, {
      cause: this.#said,
    })
  }

  async write(samples: Float32Array): Promise<void> {
    const stdin = this.#child?.stdin
    if (!stdin || this.#failure !== undefined) {
      throw new MarmaladeError('SINK_LOST', `${this.name} plays no more: ${this.#failure ?? 'it is closed'}`)
    }
    const bytes = Buffer.from(floatBytes(samples))
    if (stdin.write(bytes)) return
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        stdin.off('drain', settle)
        this.#child?.off('exit', settle)
        resolve()
      }
      stdin.once('drain', settle)
      this.#child?.once('exit', settle)
    })
  }

  async close(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    await new Promise<void>((resolve) => {
      const late = setTimeout(() => child.kill('SIGKILL'), END_MILLIS)
      child.once('exit', () => {
        clearTimeout(late)
        resolve()
      })
      child.stdin?.end()
    })
  }
}

/** The npm package `speaker` in a process of its own: it aborts its process where there is no card. */
export function speakerSink(device?: string): Sink {
  const module = siblingModule('speaker-child', import.meta.url)
  const loader = module.pathname.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : []
  return new ProcessSink(device === undefined ? 'speaker' : `speaker:${device}`, {
    command: process.execPath,
    args: [...loader, module.pathname, ...(device === undefined ? [] : [device])],
    remedy:
      'no sound card answers, or the optional package is missing (apt-get install libasound2-dev, then npm install speaker)',
    reports: 'ready',
  })
}

/** ALSA's `aplay`, where it is installed. */
export function aplaySink(device?: string): Sink {
  const choice = device === undefined ? [] : ['-D', device]
  return new ProcessSink(device === undefined ? 'aplay' : `aplay:${device}`, {
    command: 'aplay',
    args: ['-q', '-t', 'raw', '-f', 'FLOAT_LE', '-c', '2', '-r', '48000', ...choice],
    remedy: 'aplay is missing or no sound card answers (apt-get install alsa-utils)',
    reports: 'nothing',
  })
}
