import { once } from 'node:events'
import { MessageChannel, receiveMessageOnPort, type MessagePort, type Worker } from 'node:worker_threads'
import type { BlobId, Millis } from '../../base/index.ts'
import { isThreadGone } from '../../base/node/thread-id.ts'
import { siblingModule, startThread } from '../../base/node/thread.ts'
import type { PreparedGenerator } from '../../generators/index.ts'
import type { ProcessLink } from '../../generators/process/node/host.ts'
import type { GroupRunner } from '../runner.ts'
import { Slots } from '../slots.ts'
import type { GroupReport, Quantum, ShortIds } from '../types.ts'
import {
  ANSWERED,
  ASKED,
  BY_MESSAGE,
  CLOSED,
  CONTROL_WORDS,
  FAILED,
  LOAD,
  Lookout,
  NUMBERS,
  REPORTED,
  SENT,
  THREAD,
  type ThreadStart,
  type ToThread,
  type Waiting,
} from './shared.ts'

export interface ThreadOptions {
  /** What an instance may take for 128 frames, live: with it the guard watches (`watch.ts`). None offline. */
  readonly guardMillis?: Millis
  /** Where process generators are run. */
  readonly processes?: ProcessLink
  /** How long a quantum may take before its thread is given up. 10 s: far above what step budgets allow. */
  readonly patience?: Millis
  /**
   * `looking` keeps a processor busy for each thread while it lasts and makes a hand-over cost next to nothing: for a render that
   * has the processors. `sleeping`, which costs each quantum about as much as half a dozen instances, where it is left out.
   */
  readonly waiting?: Waiting
}

/** Who waits looks so often whether the thread is still there. */
const LOOK_MILLIS: Millis = 20

const EMPTY: GroupReport = { sets: [], events: [] }

/** A group on a worker thread; its samples come through shared memory, everything rare as messages. */
export class ThreadRunner implements GroupRunner {
  readonly slots: Slots
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #control: Int32Array
  readonly #numbers: Float64Array
  readonly #patience: Millis
  readonly #lookout: Lookout | undefined
  #asked = 0
  #failure: string | undefined
  #closed = false

  private constructor(worker: Worker, port: MessagePort, start: ThreadStart, patience: Millis) {
    this.#worker = worker
    this.#port = port
    this.slots = new Slots(start.slots)
    this.#control = new Int32Array(start.control)
    this.#numbers = new Float64Array(start.numbers)
    this.#patience = patience
    this.#lookout = start.waiting === 'looking' ? new Lookout(this.#control) : undefined
    worker.on('error', (error) => this.#fail(`its thread failed: ${error.message}`))
    worker.on('exit', () => this.#fail('its thread ended'))
  }

  /** Starts a thread and waits until it serves. */
  static async start(options: ThreadOptions = {}): Promise<ThreadRunner> {
    const { guardMillis, processes, patience = 10_000, waiting = 'sleeping' } = options
    const { port1, port2 } = new MessageChannel()
    const start: ThreadStart = {
      control: new SharedArrayBuffer(4 * CONTROL_WORDS),
      numbers: new SharedArrayBuffer(8 * NUMBERS),
      slots: new SharedArrayBuffer(Slots.bytes),
      guardMillis,
      processes,
      waiting,
    }
    const worker = startThread(siblingModule('group-thread', import.meta.url), {
      workerData: { ...start, port: port2 },
      transferList: [port2],
    })
    await once(worker, 'message')
    worker.unref()
    port1.unref()
    return new ThreadRunner(worker, port1, start, patience)
  }

  get failure(): string | undefined {
    return this.#failure
  }

  get load(): Millis {
    return this.#numbers[LOAD] ?? 0
  }

  prepare(archive: BlobId, prepared: PreparedGenerator): void {
    this.#post({ kind: 'prepare', archive, prepared })
  }

  forget(archive: BlobId): void {
    this.#post({ kind: 'forget', archive })
  }

  know(shortIds: ShortIds): void {
    this.#post({ kind: 'know', shortIds })
  }

  begin(quantum: Quantum): void {
    if (this.#failure !== undefined) return
    const [position] = quantum.positions
    const plain = quantum.positions.length === 1 && quantum.commands.length === 0 && quantum.changes.length === 0
    if (plain && position) this.#numbers.set([quantum.from, position.beat, position.beatsPerFrame, position.bar])
    else this.#post({ kind: 'quantum', quantum })
    Atomics.store(this.#control, BY_MESSAGE, plain ? 0 : 1)
    this.#asked = (this.#asked + 1) | 0
    Atomics.store(this.#control, ASKED, this.#asked)
    Atomics.notify(this.#control, ASKED)
  }

  finish(): GroupReport {
    for (let waited = 0; this.#failure === undefined;) {
      if (Atomics.load(this.#control, FAILED) === 1) this.#fail(`its thread failed: ${String(this.#receive())}`)
      const answered = Atomics.load(this.#control, ANSWERED)
      if (answered === this.#asked) break
      if (this.#lookout?.look(ANSWERED, answered)) continue
      if (Atomics.wait(this.#control, ANSWERED, answered, LOOK_MILLIS) !== 'timed-out') continue
      // Whoever waits here hears nothing of the worker's end.
      if (isThreadGone(Atomics.load(this.#control, THREAD))) this.#fail('its thread ended')
      else if ((waited += LOOK_MILLIS) >= this.#patience) {
        this.#fail(`its thread did not answer for ${this.#patience} ms`)
        void this.#worker.terminate()
      }
    }
    if (this.#failure !== undefined || Atomics.load(this.#control, REPORTED) === 0) return EMPTY
    return (this.#receive() as GroupReport | undefined) ?? EMPTY
  }

  #receive(): unknown {
    const received = receiveMessageOnPort(this.#port) as { message: unknown } | undefined
    return received?.message
  }

  /** Ends the thread at once; its instances fail. */
  async terminate(): Promise<void> {
    this.#fail('its thread was ended')
    await this.#worker.terminate()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    Atomics.store(this.#control, CLOSED, 1)
    Atomics.add(this.#control, ASKED, 1)
    Atomics.notify(this.#control, ASKED)
    this.#port.close()
    await this.#worker.terminate()
  }

  #post(message: ToThread): void {
    if (this.#failure !== undefined) return
    this.#port.postMessage(message)
    Atomics.add(this.#control, SENT, 1)
  }

  #fail(why: string): void {
    if (!this.#closed) this.#failure ??= why
  }
}

/** As many threads as asked for, ready to serve: the runners of a renderer. */
export async function startPool(threads: number, options: ThreadOptions = {}): Promise<ThreadRunner[]> {
  return Promise.all(Array.from({ length: threads }, () => ThreadRunner.start(options)))
}
