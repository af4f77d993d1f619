import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { siblingModule, startThread } from '../../../base/node/thread.ts'
import type { ProcessPace } from '../voice.ts'
import type { KeptPcm } from './freeze.ts'
import type { Frozen, KeptSaying } from './frozen-source.ts'

/** How voices on any thread reach the processes of one engine. */
export interface ProcessLink {
  /** Name of a BroadcastChannel. */
  readonly channel: string
  readonly pace: ProcessPace
}

export interface HostThreadStart extends ProcessLink {
  readonly keepIn: string | undefined
  readonly frozen: Frozen | undefined
  readonly owner: string | undefined
}
export interface ToHostThread {
  readonly kind: 'settle' | 'close'
}
export type FromHostThread =
  | { readonly kind: 'ready' | 'settled' | 'closed' }
  | { readonly kind: 'kept'; readonly kept: KeptPcm }
  | { readonly kind: 'said'; readonly said: KeptSaying }
  | { readonly kind: 'lost'; readonly why?: string }

interface Init {
  readonly pace: ProcessPace
  /** The folder for what is heard of processes. */
  readonly keepIn?: string
  /** What was heard once, in place of processes. */
  readonly frozen?: Frozen
  /** Whose the folders of archives are, so that its next engine can sweep them. */
  readonly owner?: string
  readonly onKept?: (kept: KeptPcm) => void
  /** The mix heard a process say something that matters to others. */
  readonly onSaid?: (said: KeptSaying) => void
  /** Some of it was not kept: the disk is too slow, full or failing. */
  readonly onLost?: (why: string | undefined) => void
}

/** How long its processes get to end. */
const CLOSE_MILLIS = 5_000

/** The processes of one engine, on a thread of their own that is started with the first of them. */
export class ProcessHost {
  readonly link: ProcessLink
  readonly #init: Init
  #worker: Promise<Worker> | undefined

  constructor(init: Init) {
    this.#init = init
    this.link = { channel: `marmalade processes ${randomUUID()}`, pace: init.pace }
  }

  /** Before the first process generator is made known to whoever renders. Idempotent. */
  async start(): Promise<void> {
    this.#worker ??= this.#begin()
    await this.#worker
  }

  /** Ends every process that runs, and resolves when all that was heard is kept. */
  settle(): Promise<void> {
    return this.#ask('settle', 'settled')
  }

  /** Ends every process and the thread. */
  async close(): Promise<void> {
    await this.#ask('close', 'closed')
    await (await this.#worker)?.terminate()
  }

  async #begin(): Promise<Worker> {
    const { keepIn, frozen, owner, onKept, onSaid, onLost } = this.#init
    const start: HostThreadStart = { ...this.link, keepIn, frozen, owner }
    const worker = startThread(siblingModule('serving-thread', import.meta.url), { workerData: start })
    worker.on('message', (message: FromHostThread) => {
      if (message.kind === 'kept') onKept?.(message.kept)
      if (message.kind === 'said') onSaid?.(message.said)
      if (message.kind === 'lost') onLost?.(message.why)
    })
    await once(worker, 'message')
    worker.unref()
    return worker
  }

  /** Nothing where no thread runs or it does not answer: what it started ends with it. */
  async #ask(kind: ToHostThread['kind'], answer: FromHostThread['kind']): Promise<void> {
    const worker = await this.#worker
    if (!worker) return
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        clearTimeout(late)
        worker.off('message', hear)
        worker.off('exit', settle)
        resolve()
      }
      const hear = (message: FromHostThread): void => {
        if (message.kind === answer) settle()
      }
      const late = setTimeout(settle, CLOSE_MILLIS)
      worker.on('message', hear)
      worker.once('exit', settle)
      worker.postMessage({ kind } satisfies ToHostThread)
    })
  }
}
