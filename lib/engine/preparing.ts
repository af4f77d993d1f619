import type { Worker } from 'node:worker_threads'
import { refusal, type BlobId, type Millis, type Refusal } from '../base/index.ts'
import { siblingModule, startThread } from '../base/node/thread.ts'
import type { PreparedGenerator } from '../generators/index.ts'
import type { ArchiveFile } from './types.ts'

/** What a preparing thread is asked, and answers in the same order. */
export type PrepareRequest = ArchiveFile
export interface PrepareAnswer {
  readonly archive: BlobId
  readonly made: PreparedGenerator | Refusal
}

/** Unpacks, checks and compiles archives on a thread of its own, so that none of it holds up what is playing. */
export class Preparing {
  readonly #onMade: (answer: PrepareAnswer) => void
  #worker: Worker | undefined
  readonly #waiting = new Set<() => void>()
  #asked: BlobId[] = []
  #closed = false

  constructor(onMade: (answer: PrepareAnswer) => void) {
    this.#onMade = onMade
  }

  prepare(request: PrepareRequest): void {
    if (this.#closed) return
    this.#worker ??= this.#start()
    this.#asked.push(request.archive)
    this.#worker.postMessage(request)
  }

  /** Resolves when all that was asked for has been answered, or after so long. */
  async settled(most: Millis): Promise<void> {
    if (this.#asked.length === 0) return
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        clearTimeout(late)
        this.#waiting.delete(settle)
        resolve()
      }
      const late = setTimeout(settle, most)
      this.#waiting.add(settle)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#worker?.terminate()
  }

  #start(): Worker {
    const worker = startThread(siblingModule('prepare-thread', import.meta.url))
    worker.on('message', (answer: PrepareAnswer) => {
      this.#asked.shift()
      this.#onMade(answer)
      this.#settle()
    })
    worker.on('error', () => undefined)
    worker.on('exit', () => this.#refuseAll())
    worker.unref()
    return worker
  }

  /** The thread died, of memory most likely: with it what it was asked. */
  #refuseAll(): void {
    this.#worker = undefined
    for (const archive of this.#asked.splice(0)) {
      const made = refusal('ARCHIVE_TOO_LARGE', 'it took more memory to prepare than there is')
      if (!this.#closed) this.#onMade({ archive, made })
    }
    this.#settle()
  }

  #settle(): void {
    if (this.#asked.length === 0) for (const settle of this.#waiting) settle()
  }
}
