import { receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads'
import { BLOCK, type Frames, type Millis } from '../base/index.ts'
import { keyRecords, startsFirst, type JamEntry, type TakeRecord } from '../jam/index.ts'
import { Ring } from '../sink/ring.ts'
import { Ambient, showReadings } from './ambient.ts'
import { LOOK_AHEAD_FRAMES } from './constants.ts'
import { ServingPort } from '../generators/process/node/serving-port.ts'
import { forbidArchive, makeEnsemble, readyArchive, readySketch, startRunners, type Ensemble } from './ensemble.ts'
import { Prerolls } from './prerolls.ts'
import { Telling } from './telling.ts'
import type { FromRender, MixAct, ReadyArchive, ReadySketch, Rendered, RenderStart, ToRender } from './types.ts'

type Begin = Extract<ToRender, { kind: 'begin' }>

/**
 * The thread that mixes: once it is told where to begin, it renders one block after the other into the ring, as far ahead
 * as it may, and takes messages between blocks. It never waits for anything but the ring and its own rendering threads.
 */
const LEVELS_EVERY: Frames = 12_000
/** Looks for messages at least this often; whoever sends one also wakes the ring. */
const NAP_MILLIS: Millis = 100

const { start, port } = workerData as { readonly start: RenderStart; readonly port: MessagePort }
const ring = new Ring(start.ring)
const runners = await startRunners(start.threads, 'live', start.processes)
tell({ kind: 'ready' })
const prerolls = start.processes && new Prerolls(new ServingPort(start.processes))
const begin = waitForBegin()
if (begin) play(ensembleFrom(begin.from), begin)
// The session learns from the last report, not from this thread's end, that the jam is over.
while (!ring.closed) ring.waitForWant(0, NAP_MILLIS)
await Promise.all(runners.map((runner) => runner.close()))
port.close()

/** The first message says where to begin; undefined where the session is closed before. */
function waitForBegin(): Begin | undefined {
  while (!ring.closed) {
    const message = nextMessage()
    if (message?.kind === 'begin') return message
    if (!message) ring.waitForWant(0, NAP_MILLIS)
  }
  return undefined
}

function nextMessage(): ToRender | undefined {
  return (receiveMessageOnPort(port) as { message: ToRender } | undefined)?.message
}

function tell(message: FromRender): void {
  port.postMessage(message)
}

function ensembleFrom(from: Frames): Ensemble {
  const prerolled = prerolls?.of
  return makeEnsemble({
    jam: start.jam,
    player: start.player,
    from,
    runners,
    measured: 'all',
    ...(prerolled && { prerolled }),
  })
}

function play(ensemble: Ensemble, { from, archives }: Begin): void {
  const { renderer, conductor, ended } = ensemble
  const left = new Float32Array(BLOCK)
  const right = new Float32Array(BLOCK)
  const mix: MixAct[] = []
  const inputs: TakeRecord[] = []
  const ambient = new Ambient()
  const telling = new Telling()
  let levelsAt = from + LEVELS_EVERY
  for (const archive of archives) takeArchive(ensemble, archive, inputs)
  takeEntries(ensemble, start.entries, inputs)
  while (!ring.closed) {
    takeMessages(ensemble, { mix, inputs, ambient })
    if (!ring.wants(LOOK_AHEAD_FRAMES)) {
      ring.waitForWant(LOOK_AHEAD_FRAMES, NAP_MILLIS)
      continue
    }
    const { from: at, events: instances, changes } = renderer.renderQuantum(left, right)
    ring.put(left, right)
    prerolls?.look(ensemble)
    const due = renderer.frame >= levelsAt
    if (due) levelsAt = renderer.frame + LEVELS_EVERY
    const over = ended() && renderer.silent
    if (over) ring.end()
    report({
      kind: 'rendered',
      frame: renderer.frame,
      inputs: inputs.splice(0),
      jam: conductor.events(),
      instances,
      changes: telling.pass(changes, at),
      mix: mix.splice(0),
      ...(due && { levels: renderer.meters() }),
      ...(over && { over: true as const }),
    })
    if (over) return
    inputs.push(...showReadings(renderer, ambient.wanted(instances)))
  }
}

function takeArchive(ensemble: Ensemble, { archive, prepared }: ReadyArchive, inputs: TakeRecord[]): void {
  inputs.push({ kind: 'archive', frame: ensemble.renderer.frame, archive })
  readyArchive(ensemble, archive, prepared)
}

function takeEntries({ renderer, conductor }: Ensemble, entries: readonly JamEntry[], inputs: TakeRecord[]): void {
  // As the conductor takes them: a replay is told them a line at a time, and what a fork carries is nothing before its start.
  const keys = startsFirst(entries).map(({ key }) => key)
  inputs.push(...keyRecords('observed', renderer.frame, keys))
  conductor.observe(entries)
}

function takeSketch(ensemble: Ensemble, { prepared, name, archive, params }: ReadySketch, inputs: TakeRecord[]): void {
  const sketch = { name, archive, generator: prepared.manifest.name, params }
  inputs.push({ kind: 'sketch', frame: ensemble.renderer.frame, ...sketch })
  readySketch(ensemble, sketch, prepared)
}

interface Taken {
  readonly mix: MixAct[]
  readonly inputs: TakeRecord[]
  readonly ambient: Ambient
}

function takeMessages(ensemble: Ensemble, { mix, inputs, ambient }: Taken): void {
  const { renderer, conductor } = ensemble
  for (let message = nextMessage(); message; message = nextMessage()) {
    switch (message.kind) {
      case 'observe':
        takeEntries(ensemble, message.entries, inputs)
        break
      case 'withdraw':
        inputs.push(...keyRecords('withdrawn', renderer.frame, message.keys))
        conductor.withdraw(message.keys)
        break
      case 'archive':
        takeArchive(ensemble, message, inputs)
        break
      case 'forbid':
        inputs.push({ kind: 'forbidden', frame: renderer.frame, archive: message.archive })
        forbidArchive(ensemble, message.archive)
        break
      case 'sketch':
        takeSketch(ensemble, message, inputs)
        break
      case 'sketch-end':
        inputs.push({ frame: renderer.frame, ...message })
        ensemble.sketches?.stop(message.name, message.until)
        break
      case 'mix': {
        const { target, setting } = message
        if (renderer.setMix(target, setting)) mix.push({ frame: renderer.frame, target, setting })
        break
      }
      case 'jump': {
        const { frame } = renderer
        renderer.skipTo(frame + message.frames)
        inputs.push({ kind: 'clock', frame, to: renderer.frame })
        break
      }
      case 'readings':
        inputs.push(...showReadings(renderer, ambient.note(message.readings)))
        break
      case 'begin':
        break
    }
  }
}

function report(rendered: Rendered): void {
  const { inputs, jam, instances, changes, mix, levels, over } = rendered
  const told = levels ?? over
  if (told === undefined && inputs.length + jam.length + instances.length + changes.length + mix.length === 0) return
  tell(rendered)
}
