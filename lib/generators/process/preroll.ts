import { environmentOf } from './environment.ts'
import { BeatLines, tempoOf, type BeatPosition } from './beats.ts'
import { ProcessMemory } from './memory.ts'
import type { InstanceIdentity, PreparedProcess, StartProcess, ToServing } from './types.ts'

/** All that a process is started with: of what runs, for whom, and where its first frame lies. */
export interface ProcessStart {
  readonly prepared: PreparedProcess
  readonly identity: InstanceIdentity
  /** Of its first frame. */
  readonly position: BeatPosition
  /** By name, as they hold there, in the order of its manifest. */
  readonly params: ReadonlyMap<string, number>
  /** Hertz. */
  readonly sampleRate: number
}

/** What the thread that serves processes is told of a start. @param memory of a `ProcessMemory` */
export function startOf(start: ProcessStart, memory: SharedArrayBuffer): StartProcess {
  const { prepared, identity, position, params, sampleRate } = start
  const { beat, frame } = position
  return {
    kind: 'start',
    memory,
    file: prepared.file,
    entry: prepared.entry,
    format: prepared.manifest.format ?? 'f32le',
    path: identity.path,
    first: identity.start + frame,
    environment: environmentOf({ ...identity, sampleRate, tempo: tempoOf(position), beat, params }),
  }
}

/** Whether a process that was started ahead was told all that it is to be told at its start. */
export const suits = (ahead: StartProcess, start: ProcessStart): boolean =>
  JSON.stringify(ahead) === JSON.stringify(startOf(start, ahead.memory))

/**
 * A process that is started ahead of its instance, so that its first sound is there when that starts. It is told its beats at once; its
 * sound waits, and what it says, until a voice plays it. Whoever made it ends it where none has.
 */
export class Preroll {
  readonly start: StartProcess
  readonly #memory = new ProcessMemory()
  readonly #post: (message: ToServing) => void

  constructor(start: ProcessStart, post: (message: ToServing) => void) {
    this.#post = post
    this.start = startOf(start, this.#memory.memory)
    for (const line of new BeatLines().due(start.position)) this.#memory.toProcess.write(JSON.stringify(line))
    post(this.start)
  }

  /** Whether a voice has played any of it: from then on it is the voice's. */
  get taken(): boolean {
    return this.#memory.played !== 0
  }

  /** Ends the process. */
  close(): void {
    this.#memory.close()
    this.#post({ kind: 'wake' })
  }
}
