import { open, type FileHandle } from 'node:fs/promises'
import { MarmaladeError, type Frames } from '../base/index.ts'
import { encodeTakeLine, takeHeader, type TakeHeader, type TakeLine, type TakeRecord } from '../jam/index.ts'
import type { InstanceEvent } from '../mix/index.ts'
import type { SinkState } from '../sink/index.ts'

/** How often what was logged is synced to disk. */
const SYNC_MILLIS = 1_000
/** Lines that wait for the disk; past it the take says how many it lacks. */
const MAX_WAITING = 65_536
/** UTF-16 code units of a text in a take. */
const MAX_TEXT = 1_024

interface Init {
  readonly file: string
  readonly header: Omit<TakeHeader, 'kind' | 'version'>
  /** Called once, when the disk takes no more of it; the session goes on. */
  readonly onFailure: (error: MarmaladeError) => void
}

const unwritable = (file: string, cause: unknown): MarmaladeError =>
  new MarmaladeError('TAKE_UNWRITABLE', `the take ${file} cannot be written: see that its folder has room`, { cause })

/** A take as it is written: one JSON object a line (lib/jam/take.ts), synced every second. */
export class TakeFile {
  readonly #init: Init
  readonly #handle: FileHandle
  readonly #timer: NodeJS.Timeout
  #waiting: string[] = []
  #missing = 0
  #writing: Promise<void> = Promise.resolve()
  #failed = false

  private constructor(init: Init, handle: FileHandle) {
    this.#init = init
    this.#handle = handle
    this.#timer = setInterval(() => this.#flush(), SYNC_MILLIS)
    this.#timer.unref()
  }

  /** @throws TAKE_UNWRITABLE where the file exists or cannot be made */
  static async create(init: Init): Promise<TakeFile> {
    try {
      const take = new TakeFile(init, await open(init.file, 'ax', 0o600))
      take.#add(takeHeader(init.header))
      take.#flush()
      return take
    } catch (cause) {
      throw unwritable(init.file, cause)
    }
  }

  write(record: TakeRecord): void {
    if (this.#failed || this.#waiting.length >= MAX_WAITING) this.#missing++
    else this.#add(record)
  }

  /** Writes the last record, syncs and closes. What did not reach the disk has been told by `onFailure`. */
  async close(last: Extract<TakeRecord, { kind: 'close' }>): Promise<void> {
    clearInterval(this.#timer)
    this.write(last)
    this.#flush()
    await this.#writing
    await this.#handle.close()
  }

  #add(line: TakeLine): void {
    this.#waiting.push(encodeTakeLine(line))
  }

  #flush(): void {
    if (this.#failed) return
    if (this.#missing > 0) this.#add({ kind: 'missing', count: this.#missing })
    this.#missing = 0
    const text = this.#waiting.splice(0).join('')
    if (text === '') return
    this.#writing = this.#writing.then(async () => {
      if (this.#failed) return
      try {
        await this.#handle.appendFile(text)
        await this.#handle.datasync()
      } catch (cause) {
        this.#failed = true
        this.#init.onFailure(unwritable(this.#init.file, cause))
      }
    })
  }
}

/** What a take keeps of what happens to an instance besides its start and end, which the conductor tells. */
export function instanceRecord(event: InstanceEvent): TakeRecord | undefined {
  if (event.kind === 'failed') {
    const { frame, path, failure } = event
    return { kind: 'failed', frame, path, code: failure.code, message: failure.message.slice(0, MAX_TEXT) }
  }
  if (event.kind !== 'refused') return undefined
  const { frame, path, message } = event
  return { kind: 'failed', frame, path, code: 'MIX_REFUSED', message: message.slice(0, MAX_TEXT) }
}

/** A change of a sink at the jam frame that it would have been given next. */
export const sinkRecord = (frame: Frames, state: SinkState): TakeRecord => ({
  kind: 'sink',
  frame,
  name: state.name.slice(0, MAX_TEXT),
  state: state.state,
  ...(state.state === 'lost' && { why: state.why.slice(0, MAX_TEXT) }),
})
