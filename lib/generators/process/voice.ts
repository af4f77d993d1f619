import { BLOCK, type Frames } from '../../base/index.ts'
import type { VoiceSettings } from '../runtime.ts'
import type { BlockPosition, Status, Voice, VoiceFailure } from '../types.ts'
import { LINES_A_QUANTUM, LISTEN_MILLIS, PATIENCE_MILLIS, SILENT_FRAMES } from './limits.ts'
import { PLAYED_FRAMES, ProcessMemory, RING_FRAMES } from './memory.ts'
import { startOf, suits } from './preroll.ts'
import { Teller } from './teller.ts'
import type { FromServing, HeardSaying, InstanceIdentity, PreparedProcess, Saying, ToServing } from './types.ts'

/** Lines that wait to take effect. */
const MAX_SAID = 1_024

type Said = Exclude<FromServing, { kind: 'failed' }>

/** Live nothing waits: what is not there is silence. A replay waits for its process. */
export type ProcessPace = 'live' | 'offline'

export interface ProcessVoiceInit {
  readonly prepared: PreparedProcess
  readonly settings: VoiceSettings
  readonly identity: InstanceIdentity
  /** Tells the thread that serves processes; it never waits. */
  readonly post: (message: ToServing) => void
  readonly pace: ProcessPace
  /** The system's number of the calling thread, 0 where it does not tell: the process ends with it. */
  readonly thread: number
}

/**
 * A process generator as the mix sees it. What it plays comes through shared memory from the thread that serves the
 * process; what it is told and says goes the same way, as lines. Its failures: GENERATOR_FAILED (the process ended badly,
 * could not be started, or gave no sound for too long), GENERATOR_RAN_AWAY (it went past a limit).
 */
export class ProcessVoice implements Voice {
  readonly kind = 'process'
  readonly left = new Float32Array(BLOCK)
  readonly right = new Float32Array(BLOCK)
  failure: VoiceFailure | undefined
  /** Frames of silence played because there was no sound yet. */
  missing: Frames = 0
  readonly #init: ProcessVoiceInit
  #memory: ProcessMemory
  #teller: Teller
  readonly #params = new Map<string, number>()
  #state: 'made' | 'runs' | 'stopped' | 'closed' = 'made'
  /** Why the process has ended: it is heard to its end first. */
  #ending: VoiceFailure | undefined
  #gap: Frames = 0
  /** Whether it plays on after its stop. */
  #tail = false
  /** What it said and the mix has not taken in. */
  readonly #said: Said[] = []
  /** First frame of the quantum that it plays in, and the lines that still take effect in it. */
  #quantum: Frames = Number.NaN
  #linesLeft = 0

  constructor(init: ProcessVoiceInit) {
    this.#init = init
    this.#memory = new ProcessMemory(init.settings.preroll?.memory)
    this.#teller = new Teller(this.#memory.toProcess, init.settings.tags)
  }

  param(index: number, value: number): void {
    const param = this.#init.prepared.manifest.params[index]
    if (!param) return
    if (this.#state === 'made') this.#params.set(param.name, value)
    else this.#teller.param(param.name, value)
  }

  process(block: BlockPosition): Status {
    if (this.#state === 'closed' || this.failure) return 'error'
    if (this.#state === 'made' && !this.#start(block)) return 'error'
    this.#hear(block)
    const told = this.#teller.tell(block)
    const status = this.#play(block)
    const { ready, played } = this.#memory
    // The other side looks where something was told, where there is room, and where much was played that it may keep.
    if (told || ready < RING_FRAMES / 4 || played % (PLAYED_FRAMES / 4) < block.frames) this.#wake()
    return status
  }

  stop(): boolean {
    if (this.#state !== 'runs') return false
    this.#state = 'stopped'
    this.#teller.stop()
    return this.#tail
  }

  close(): void {
    if (this.#state === 'closed') return
    const began = this.#state !== 'made'
    this.#state = 'closed'
    if (!began) return
    this.#memory.close()
    this.#init.post({ kind: 'wake' })
  }

  /** False where a replay has waited for its first sound in vain. */
  #start(block: BlockPosition): boolean {
    const { prepared, settings, identity, post, pace, thread } = this.#init
    const { preroll, sampleRate, tags } = settings
    this.#state = 'runs'
    const start = { prepared, identity, position: block, params: this.#params, sampleRate }
    if (preroll && suits(preroll, start)) {
      this.#memory.takenBy(thread)
      this.#teller.skipBeats(block)
      return true
    }
    if (preroll) {
      // It was started for what is not so any more: whoever made it ends it.
      this.#memory = new ProcessMemory()
      this.#teller = new Teller(this.#memory.toProcess, tags)
    }
    this.#memory.takenBy(thread)
    post(startOf(start, this.#memory.memory))
    if (pace === 'live') return true
    // What it said before its first frame was played holds from there on, in a take of one that was prerolled above all.
    this.#teller.tell(block)
    return this.#waitFor(block.frames)
  }

  #play(block: BlockPosition): Status {
    const { frames } = block
    if (this.#init.pace === 'offline' && !this.#waitFor(frames)) return 'error'
    // What it said counts to the end: where a quantum does not take all of it, silence follows its sound.
    if (this.#memory.ended && this.#memory.ready <= 0 && this.#hear(block)) {
      this.left.fill(0)
      this.right.fill(0)
      this.failure = this.#ending
      return this.failure ? 'error' : 'done'
    }
    this.#count(frames - this.#memory.play(this.left, this.right, frames))
    if (this.#gap >= SILENT_FRAMES) this.#fallSilent(`${SILENT_FRAMES / 48_000} s`)
    return this.#state === 'stopped' ? 'tail' : 'go'
  }

  #waitFor(frames: Frames): boolean {
    if (this.#memory.ready >= frames) return true
    for (let waited = 0; waited < PATIENCE_MILLIS; waited += LISTEN_MILLIS) {
      // Its sound may be held back until what it said has been read.
      this.#listen()
      this.#wake()
      if (this.#memory.wait(frames, LISTEN_MILLIS)) return true
    }
    this.#fallSilent(`${PATIENCE_MILLIS / 1_000} s, for which a replay waited`)
    return false
  }

  #fallSilent(howLong: string): void {
    this.failure = { code: 'GENERATOR_FAILED', message: `it gave no sound for ${howLong}` }
  }

  /** The jam's log says how much was missing, once it goes on. */
  #count(missing: Frames): void {
    this.missing += missing
    if (missing > 0) {
      this.#gap += missing
      return
    }
    if (this.#gap === 0) return
    this.#init.settings.tags.log(`its sound came ${Math.ceil(this.#gap / 48)} ms too late: that much was silent`)
    this.#gap = 0
  }

  /**
   * What came takes effect with the block, so many lines in a quantum, and what a take kept where it did the first time.
   * @returns whether all of it has
   */
  #hear({ frame }: BlockPosition): boolean {
    const now = this.#init.identity.start + frame
    const quantum = now - (now % BLOCK)
    if (quantum !== this.#quantum) this.#linesLeft = LINES_A_QUANTUM
    this.#quantum = quantum
    this.#listen()
    for (let said = this.#next(); said && (said.from ?? now) <= now; said = this.#next()) {
      if (said.from === undefined && !this.#keep(said, now)) return false
      this.#said.shift()
      this.#obey(said)
    }
    return true
  }

  #next(): Said | undefined {
    if (this.#said.length === 0) this.#listen()
    return this.#said[0]
  }

  /** For the take, before it takes effect; false where it waits for the next block. */
  #keep(said: Saying, from: Frames): boolean {
    if (this.#linesLeft === 0) return false
    const matters = said.kind !== 'log' && said.kind !== 'watch'
    if (matters && !this.#memory.toTake.write(JSON.stringify({ said, from } satisfies HeardSaying))) return false
    this.#linesLeft--
    this.#wake()
    return true
  }

  #listen(): void {
    const { fromProcess } = this.#memory
    while (this.#said.length < MAX_SAID) {
      const line = fromProcess.read()
      if (line === undefined) return
      const said = JSON.parse(line) as FromServing
      if (said.kind === 'failed') this.#ending = { code: said.code, message: said.message }
      else this.#said.push(said)
    }
  }

  #obey(said: Saying): void {
    const { tags } = this.#init.settings
    if (said.kind === 'tag') tags.set(said.name, said.value, said.atBeat ?? Number.NaN)
    else if (said.kind === 'note') {
      const { name, pitch, velocity, beats, atBeat = Number.NaN } = said
      tags.note(name, pitch, { velocity, beats }, atBeat)
    } else if (said.kind === 'log') tags.log(said.text)
    else if (said.kind === 'tail') this.#tail = true
    else if (!this.#teller.watch(said.path)) tags.log(`it cannot watch ${said.path}`)
  }

  #wake(): void {
    if (this.#memory.wake()) this.#init.post({ kind: 'wake' })
  }
}
