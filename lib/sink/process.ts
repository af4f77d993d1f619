import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { MarmaladeError, SAMPLE_RATE, type Frames, type Millis } from '../base/index.ts'
import { loaderFor, siblingModule } from '../base/node/thread.ts'
import { CardPosition } from './alsa-status.ts'
import { deviceRemedy } from './devices.ts'
import { soundEnvironment } from './environment.ts'
import { floatBytes } from './pcm.ts'
import { SPEAKER } from './speaker-buffer.ts'
import type { Sink } from './types.ts'

/** How long a process gets to say that it plays, to take what it was given, and to play out at the end. */
const START_MILLIS: Millis = 5_000
const STALL_MILLIS: Millis = 5_000
const END_MILLIS: Millis = 3_000
/** What is kept of its last words. */
const MAX_SAID = 500
/** `aplay` is to begin when it has 80 ms, and to take 20 ms at a time. */
const APLAY = { frames: (80 * SAMPLE_RATE) / 1_000, piece: (20 * SAMPLE_RATE) / 1_000 }

/** A program that reads interleaved stereo float32 from its standard input and plays it. */
export interface Player {
  readonly command: string
  readonly args: readonly string[]
  /** Said where it cannot start, with what it said itself: what is missing and how to get it. */
  readonly remedy: string | ((said: string) => Promise<string>)
  /** How it reports that the device is open: on descriptor 3, or by this on standard error; else being alive is enough. */
  readonly reports: 'ready' | 'nothing' | RegExp
  /** Frames that it waits for before it begins to play, and that it hands to ALSA at a time. */
  readonly buffer?: { readonly frames: Frames; readonly piece: Frames }
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
  readonly latency: Frames
  /** Frames written since it was opened. */
  #written: Frames = 0
  #card: CardPosition | undefined

  constructor(name: string, player: Player) {
    this.name = name
    this.#player = player
    this.latency = player.buffer?.frames ?? 0
  }

  async open(): Promise<void> {
    this.#failure = undefined
    this.#said = ''
    const { command, args, reports, remedy } = this.#player
    const child = spawn(command, args, {
      stdio: ['pipe', 'ignore', 'pipe', reports === 'ready' ? 'pipe' : 'ignore'],
      env: { ...soundEnvironment(), ...(reports instanceof RegExp && { LC_ALL: 'C' }) },
    })
    child.stderr?.on('data', (text: Buffer) => {
      this.#said = (this.#said + text.toString()).slice(-MAX_SAID)
    })
    child.stdin?.on('error', () => undefined)
    child.on('error', ({ message }) => {
      this.#said += message
    })
    child.on('exit', (code, signal) => {
      if (this.#child === child) this.#failure ??= `it ended (${signal ?? code ?? 'no code'})`
    })
    if (await this.#started(child)) {
      this.#child = child
      this.#written = 0
      const { buffer } = this.#player
      this.#card = buffer && child.pid !== undefined ? new CardPosition({ pid: child.pid, ...buffer }) : undefined
      return
    }
    child.kill('SIGKILL')
    const said = this.#said
    const how = typeof remedy === 'string' ? remedy : await remedy(said)
    throw new MarmaladeError('SINK_UNAVAILABLE', `${this.name} cannot play here: ${how}`, { cause: said })
  }

  #started(child: ChildProcess): Promise<boolean> {
    return new Promise((resolve) => {
      const late = setTimeout(() => settle(false), START_MILLIS)
      const settle = (started: boolean): void => {
        clearTimeout(late)
        resolve(started)
      }
      child.once('error', () => settle(false))
      // Then all that it said is here as well.
      child.once('close', () => settle(false))
      const { reports } = this.#player
      if (reports === 'ready') child.stdio[3]?.once('data', () => settle(true))
      else if (reports === 'nothing') child.once('spawn', () => settle(true))
      else
        child.stderr?.on('data', () => {
          if (reports.test(this.#said)) settle(true)
        })
    })
  }

  position(): Frames | undefined {
    return this.#card?.heard(this.#written)
  }

  async write(samples: Float32Array): Promise<void> {
    const child = this.#child
    if (!child?.stdin || this.#hasFailed()) throw this.#lost()
    this.#written += samples.length / 2
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

  /** What it said on standard error since it was opened, and how it ended where that was not well. */
  get complaints(): readonly string[] {
    const { reports } = this.#player
    const lines = this.#said.split('\n').map((line) => line.trim())
    const said = lines.filter((line) => line !== '' && !(reports instanceof RegExp && reports.test(line)))
    return [...said, ...(this.#failure === undefined ? [] : [this.#failure])]
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
      child.once('close', (code) => {
        clearTimeout(late)
        if (code !== 0 && !this.#child) this.#failure ??= `it ended (${code ?? 'killed'})`
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
    remedy: async (said) =>
      device === undefined || said.includes('ERR_MODULE_NOT_FOUND') || said.includes('bindings file')
        ? 'no sound card answers, or the optional package is missing (apt-get install libasound2-dev, then npm install speaker)'
        : deviceRemedy(device),
    reports: 'ready',
    buffer: SPEAKER,
  })
}

/** In microseconds. The card comes as near to it as it can. */
const bufferArguments = ({ frames, piece }: typeof APLAY): string[] => [
  `--buffer-time=${(frames * 1_000_000) / SAMPLE_RATE}`,
  `--period-time=${(piece * 1_000_000) / SAMPLE_RATE}`,
]

/** ALSA's `aplay`, where it is installed. */
export function aplaySink(device?: string): Sink {
  const choice = device === undefined ? [] : ['-D', device]
  return new ProcessSink(device === undefined ? 'aplay' : `aplay:${device}`, {
    command: 'aplay',
    args: ['-t', 'raw', '-f', 'FLOAT_LE', '-c', '2', '-r', '48000', ...bufferArguments(APLAY), ...choice],
    remedy: async (said) =>
      device === undefined || said.includes('ENOENT')
        ? 'aplay is missing or no sound card answers (apt-get install alsa-utils)'
        : deviceRemedy(device),
    // It says so once the device is open.
    reports: /^Playing /m,
    buffer: APLAY,
  })
}
