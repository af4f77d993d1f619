import { receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads'
import { BLOCK, type Frames } from '../base/index.ts'
import type { InstanceEvent, Renderer, TagChange } from '../mix/index.ts'
import { Ring } from '../sink/ring.ts'
import { LOOK_AHEAD_FRAMES } from './constants.ts'
import { defaultsOf, liveEnsemble, type Ensemble } from './ensemble.ts'
import type { FromRender, RenderStart, ToRender } from './types.ts'

/**
 * The thread that mixes: renders one block after the other into the ring, as far ahead as it may, and takes messages
 * between blocks. It never waits for anything but room in the ring and its own rendering threads.
 */
const LEVELS_EVERY: Frames = 12_000
/** Wakes at least this often to look for messages while the ring is full. */
const NAP_MILLIS = 5

const { start, port } = workerData as { readonly start: RenderStart; readonly port: MessagePort }
const ring = new Ring(start.ring)
const live = await liveEnsemble(start)
const left = new Float32Array(BLOCK)
const right = new Float32Array(BLOCK)

run(live)
await live.renderer.close()
port.close()

function run({ renderer, conductor, ended }: Ensemble): void {
  let levelsAt = start.from + LEVELS_EVERY
  while (!ring.closed) {
    takeMessages(renderer, conductor)
    if (ring.filled >= LOOK_AHEAD_FRAMES) {
      ring.waitForRoom(LOOK_AHEAD_FRAMES, NAP_MILLIS)
      continue
    }
    const { events, changes } = renderer.renderQuantum(left, right)
    ring.put(left, right)
    const due = renderer.frame >= levelsAt
    if (due) levelsAt += LEVELS_EVERY
    const over = ended() && renderer.playing.length === 0
    report(renderer, conductor.events(), events, changes, { due, over })
    if (over) return
  }
}

function takeMessages(renderer: Renderer, conductor: Ensemble['conductor']): void {
  for (;;) {
    const received = receiveMessageOnPort(port) as { message: ToRender } | undefined
    if (!received) return
    const { message } = received
    switch (message.kind) {
      case 'observe':
        conductor.observe(message.entries)
        break
      case 'withdraw':
        conductor.withdraw(message.keys)
        break
      case 'archive':
        renderer.prepare(message.archive, message.prepared)
        conductor.archiveReady(message.archive, defaultsOf(message.prepared))
        break
      case 'mix':
        renderer.setMix(message.target, message.setting)
        break
    }
  }
}

function report(
  renderer: Renderer,
  jam: FromRender['jam'],
  instances: readonly InstanceEvent[],
  changes: readonly TagChange[],
  { due, over }: { readonly due: boolean; readonly over: boolean },
): void {
  if (!due && !over && jam.length === 0 && instances.length === 0 && changes.length === 0) return
  const message: FromRender = {
    frame: renderer.frame,
    jam,
    instances,
    changes,
    ...(due && { levels: renderer.meters() }),
    ...(over && { over: true as const }),
  }
  port.postMessage(message)
}
