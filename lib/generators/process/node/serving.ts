import type { Frames } from '../../../base/index.ts'
import { isThreadGone } from '../../../base/node/thread-id.ts'
import { ProcessMemory } from '../memory.ts'
import type { Told } from '../lines.ts'
import type { FromServing, HeardSaying, Saying, StartProcess } from '../types.ts'
import { Freezer, type PcmFolder } from './freeze.ts'
import type { Source } from './source.ts'

interface Init {
  readonly start: StartProcess
  /** Frames that are read ahead. */
  readonly ahead: Frames
  /** Where what is heard is kept; nowhere in a replay. */
  readonly folder: PcmFolder | undefined
  readonly onLost: () => void
  /** The mix heard the process say something. */
  readonly onHeard: (path: string, said: Saying, from: Frames) => void
}

/** One instance between its source and the thread that mixes it: moves sound and lines whenever there is a reason to look. */
export class Serving {
  readonly #init: Init
  readonly #memory: ProcessMemory
  readonly #freezer: Freezer | undefined
  #source: Source | undefined
  #line: string | undefined
  #ended = false
  #closed: Promise<void> | undefined

  constructor(init: Init) {
    this.#init = init
    const { path, first, memory } = init.start
    this.#memory = new ProcessMemory(memory)
    const { folder, onLost } = init
    this.#freezer = folder && new Freezer({ path, first, memory: this.#memory, folder, onLost })
  }

  /** Whether nobody plays it any more: then it is to be closed. */
  get over(): boolean {
    return this.#memory.closed
  }

  /** Whether the thread that played it is gone, and cannot say that it is over; asks the system. */
  get orphaned(): boolean {
    return isThreadGone(this.#memory.player)
  }

  /** From now on it has sound. */
  from(source: Source): void {
    this.#source = source
    this.look()
  }

  /** It has none, and never will. */
  fail(message: string): void {
    this.say({ kind: 'failed', code: 'GENERATOR_FAILED', message })
    this.#memory.end()
    this.#ended = true
  }

  /** For the mixing thread; false where that does not read. */
  say(said: FromServing): boolean {
    return this.#memory.fromProcess.write(JSON.stringify(said))
  }

  look(): void {
    this.#memory.woken()
    this.#keep()
    const source = this.#source
    if (!source || this.#closed) return
    this.#tell(source)
    this.#feed(source)
    if (!source.ended || this.#ended) return
    if (source.failure && !this.say({ kind: 'failed', ...source.failure })) return
    this.#ended = true
    this.#memory.end()
  }

  /** Ends its process, and keeps the last of what was heard. */
  close(): Promise<void> {
    this.#keep()
    this.#freezer?.flush()
    this.#closed ??= this.#source?.close() ?? Promise.resolve()
    return this.#closed
  }

  /** What was heard, sound and lines. */
  #keep(): void {
    this.#freezer?.keep()
    const { toTake } = this.#memory
    for (let line = toTake.read(); line !== undefined; line = toTake.read()) {
      const { said, from } = JSON.parse(line) as HeardSaying
      this.#init.onHeard(this.#init.start.path, said, from)
    }
  }

  #feed(source: Source): void {
    const memory = this.#memory
    for (;;) {
      const late = Math.max(0, 0 - memory.ready)
      const room = late > 0 ? late : this.#init.ahead - memory.ready
      if (room <= 0) return
      const samples = source.pull(room)
      if (!samples) return
      if (late > 0) memory.drop(samples.length / 2)
      else memory.give(samples)
    }
  }

  /** A line that is not taken waits, and those after it in the ring. */
  #tell(source: Source): void {
    for (;;) {
      this.#line ??= this.#memory.toProcess.read()
      if (this.#line === undefined) return
      if (!source.tell(JSON.parse(this.#line) as Told)) return
      this.#line = undefined
    }
  }
}
