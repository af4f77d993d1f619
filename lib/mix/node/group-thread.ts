import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads'
import type { BlobId } from '../../base/index.ts'
import { ownThread } from '../../base/node/thread-id.ts'
import type { PreparedGenerator } from '../../generators/index.ts'
import { runtimeWith } from '../../generators/process/node/runtime.ts'
import { VoiceGroup } from '../group.ts'
import { Load } from '../load.ts'
import { Slots } from '../slots.ts'
import type { GroupReport, Quantum } from '../types.ts'
import {
  ANSWERED,
  ASKED,
  BY_MESSAGE,
  CLOSED,
  FAILED,
  LOAD,
  Lookout,
  REPORTED,
  SENT,
  THREAD,
  type ThreadStart,
  type ToThread,
} from './shared.ts'
import { liveGuard } from './thread-clock.ts'

/** One group on this thread: waits to be asked for a quantum, renders it, answers; until it is closed. */
function serve(port: MessagePort, start: ThreadStart): void {
  const control = new Int32Array(start.control)
  const numbers = new Float64Array(start.numbers)
  const archives = new Map<BlobId, PreparedGenerator>()
  const { guardMillis, processes } = start
  const runtime = processes && runtimeWith(processes)
  const guard = guardMillis === undefined ? undefined : liveGuard(guardMillis)
  const group = new VoiceGroup({ archives, slots: new Slots(start.slots), guard, ...(runtime && { runtime }) })
  const lookout = start.waiting === 'looking' ? new Lookout(control) : undefined
  const load = new Load(() => performance.now())
  let taken = 0
  for (let answered = 0; ;) {
    if (!lookout?.look(ASKED, answered)) Atomics.wait(control, ASKED, answered)
    if (Atomics.load(control, CLOSED) === 1) break
    const asked = Atomics.load(control, ASKED)
    if (asked === answered) continue
    const sent = Atomics.load(control, SENT)
    const message = sent === taken ? undefined : receive(port, archives, group)
    taken = sent
    const quantum = (Atomics.load(control, BY_MESSAGE) === 1 ? message : undefined) ?? plain(numbers)
    load.begin()
    if (!attempt(() => report(port, control, group.render(quantum)), port, control)) return
    load.end()
    numbers[LOAD] = load.recent
    answered = asked
    Atomics.store(control, ANSWERED, answered)
    Atomics.notify(control, ANSWERED)
  }
  group.close()
  port.close()
}

/** A fault of the program itself: told to the owner, who waits, and the end of this thread. */
function attempt(action: () => void, port: MessagePort, control: Int32Array): boolean {
  try {
    action()
    return true
  } catch (error) {
    port.postMessage(error instanceof Error ? error.message : String(error))
    Atomics.store(control, FAILED, 1)
    Atomics.add(control, ANSWERED, 1)
    Atomics.notify(control, ANSWERED)
    return false
  }
}

/** Takes in every message that has come; gives the quantum among them. */
function receive(port: MessagePort, archives: Map<BlobId, PreparedGenerator>, group: VoiceGroup): Quantum | undefined {
  let quantum: Quantum | undefined
  for (;;) {
    const received = receiveMessageOnPort(port) as { message: ToThread } | undefined
    if (!received) return quantum
    const { message } = received
    if (message.kind === 'prepare') archives.set(message.archive, message.prepared)
    else if (message.kind === 'forget') archives.delete(message.archive)
    else if (message.kind === 'know') group.know(message.shortIds)
    else quantum = message.quantum
  }
}

/** A quantum in which nothing changes. */
function plain([from = 0, beat = 0, beatsPerFrame = 0, bar = 0]: Float64Array): Quantum {
  return { from, commands: [], changes: [], cuts: [], positions: [{ frame: from, beat, beatsPerFrame, bar }] }
}

function report(port: MessagePort, control: Int32Array, made: GroupReport): void {
  const empty = made.sets.length === 0 && made.events.length === 0
  if (!empty) port.postMessage(made)
  Atomics.store(control, REPORTED, empty ? 0 : 1)
}

const { port, ...start } = workerData as ThreadStart & { port: MessagePort }
Atomics.store(new Int32Array(start.control), THREAD, ownThread())
parentPort?.postMessage('ready')
serve(port, start)
