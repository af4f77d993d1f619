import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { MarmaladeError, type Millis } from '../base/index.ts'
import { loaderFor, siblingModule } from '../base/node/thread.ts'
import { floatBytes } from './pcm.ts'
import type { Sink } from './types.ts'

/** How long a process gets to say that it plays, to take what it was given, and to play out at the end. */
const START_MILLIS: Millis = 5_000
const STALL_MILLIS: Millis = 5_000
const END_MILLIS: Millis = 3_000
/** What is kept of its last words. */
const MAX_SAID = 500

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

/** Of an environment what sound needs: where libraries, sockets and ALSA's own settings (`ALSA_…`) are. */
export function soundEnvironment(from: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept: NodeJS.ProcessEnv = {}
  for (const [key, value] of Object.entries(from)) {
    if (KEPT.includes(key) || key.startsWith('ALSA_')) kept[key] = value
  }
  return kept
}

/** Plays through a process of its own: the sound of a card that vanishes takes the process with it, not the engine. */
export class ProcessSink implements Sink {
  readonly name: string
  readonly lateness = 'skip'
  readonly #player: Player
  #child: ChildProcess | undefined
  /** Why it plays no more, once it does not. */
  #failure: string | undefined
  #said = ''

  constructor(name: string, player: Player) {
    this.name = name
    this.#player = player
  }

  async open(): Promise<void> {
    this.#failure = undefined
    this.#said = ''
    const { command, args, reports, remedy } = this.#player
    const child = spawn(command, args, {
      stdio: ['pipe', 'ignore', 'pipe', reports === 'ready' ? 'pipe' : 'ignore'],
      env: soundEnvironment(),
    })
    child.stderr?.on('data', (text: Buffer) => {
      this.#said = (this.#said + text.toString()).slice(-MAX_SAID)
    })
    child.stdin?.on('error', () => undefined)
    child.on('error', () => undefined)
    child.on('exit', (code, signal) => {
      if (this.#child === child) this.#failure ??= `it ended (${signal ?? code ?? 'no code'})`
    })
    if (await this.#started(child)) {
      this.#child = child
      return
    }
    child.kill('SIGKILL')
    throw new MarmaladeError('SINK_UNAVAILABLE', `${this.name} cannot play here: ${remedy}`, { cause: this.#said })
  }

  #started(child: ChildProcess): Promise<boolean> {
    return new Promise((resolve) => {
      const late = setTimeout(() => settle(false), START_MILLIS)
      const settle = (started: boolean): void => {
        clearTimeout(late)
        resolve(started)
      }
      child.once('error', () => settle(false))
      child.once('exit', () => settle(false))
      if (this.#player.reports === 'ready') child.stdio[3]?.once('data', () => settle(true))
      else child.once('spawn', () => settle(true))
    })
  }

  async write(samples: Float32Array): Promise<void> {
    const child = this.#child
    if (!child?.stdin || this.#hasFailed()) throw this.#lost()
    if (child.stdin.write(Uint8Array.from(floatBytes(samples)))) return
    await this.#drained(child)
    if (this.#child === child && this.#hasFailed()) throw this.#lost()
  }

  /** Resolves when it takes more, has ended, or has taken nothing for too long. */
  async #drained(child: ChildProcess): Promise<void> {
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        clearTimeout(stall)
        child.stdin?.off('drain', settle)
        child.off('exit', settle)
        resolve()
      }
      const stall = setTimeout(() => {
        this.#failure ??= `it took nothing for ${STALL_MILLIS / 1_000} s`
        settle()
      }, STALL_MILLIS)
      child.stdin?.once('drain', settle)
      child.once('exit', settle)
      if (hasEnded(child)) settle()
    })
  }

  #hasFailed(): boolean {
    return this.#failure !== undefined
  }

  #lost(): MarmaladeError {
    const why = this.#failure ?? 'it is not open'
    return new MarmaladeError('SINK_LOST', `${this.name} plays no more: ${why}`, { cause: this.#said })
  }

  async close(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || hasEnded(child)) return
    await new Promise<void>((resolve) => {
      // One that stalled gets no time to play out.
      const late = setTimeout(() => child.kill('SIGKILL'), this.#failure === undefined ? END_MILLIS : 0)
      child.once('exit', () => {
        clearTimeout(late)
        resolve()
      })
      child.stdin?.end()
    })
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

/** The npm package `speaker` in a process of its own: it aborts its process where there is no card. */
export function speakerSink(device?: string): Sink {
  const module = siblingModule('speaker-child', import.meta.url)
  return new ProcessSink(device === undefined ? 'speaker' : `speaker:${device}`, {
    command: process.execPath,
    args: [...loaderFor(module), fileURLToPath(module), ...(device === undefined ? [] : [device])],
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
