import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads'
import { isRefused } from '../../refused.ts'
import { AHEAD_FRAMES, TICK_MILLIS } from '../limits.ts'
import { RING_FRAMES } from '../memory.ts'
import type { StartProcess, ToServing } from '../types.ts'
import { Folders } from './folders.ts'
import { PcmFolder } from './freeze.ts'
import { FrozenSource } from './frozen-source.ts'
import type { FromHostThread, HostThreadStart, ToHostThread } from './host.ts'
import { ProcessSource } from './process-source.ts'
import { findSandbox, spawnInSandbox } from './sandbox.ts'
import { Serving } from './serving.ts'
import type { Source } from './source.ts'

/** The thread that starts processes and moves their sound; when it ends, the kernel ends what it started. */
const { channel, pace, keepIn, frozen, owner } = workerData as HostThreadStart
const all = new Set<Serving>()
const folders = new Folders(owner)
const sandbox = frozen ? undefined : findSandbox()
const tell = (message: FromHostThread): void => parentPort?.postMessage(message)
const lost = (error?: unknown): void => tell({ kind: 'lost', ...(error instanceof Error && { why: error.message }) })
const folder = keepIn === undefined ? undefined : new PcmFolder(keepIn, (kept) => tell({ kind: 'kept', kept }), lost)

const port = new BroadcastChannel(channel)
port.onmessage = (event: unknown) => {
  const message = (event as { data: ToServing }).data
  if (message.kind === 'start') void serve(message)
  lookAtAll()
}
setInterval(tick, TICK_MILLIS).unref()

parentPort?.on('message', (message: ToHostThread) => void answer(message))
tell({ kind: 'ready' })

function lookAtAll(): void {
  for (const serving of all) {
    serving.look()
    if (serving.over) void drop(serving)
  }
}

/** Should a wake go amiss, or the thread be gone that was to tell. */
function tick(): void {
  for (const serving of all) if (serving.orphaned) void drop(serving)
  lookAtAll()
}

async function drop(serving: Serving): Promise<void> {
  all.delete(serving)
  await serving.close()
}

async function serve(start: StartProcess): Promise<void> {
  const ahead = pace === 'live' ? AHEAD_FRAMES : RING_FRAMES
  const serving = new Serving({
    start,
    ahead,
    folder,
    onLost: lost,
    onHeard: (path, said, frame) => keepIn === undefined || tell({ kind: 'said', said: { path, frame, said } }),
  })
  all.add(serving)
  try {
    const source = await sourceOf(start, serving)
    // Stopped before it had begun.
    if (all.has(serving)) serving.from(source)
    else await source.close()
  } catch (error) {
    serving.fail(error instanceof Error ? error.message : String(error))
  }
}

async function sourceOf(start: StartProcess, serving: Serving): Promise<Source> {
  const onChange = (): void => serving.look()
  if (frozen)
    return new FrozenSource({
      frozen,
      path: start.path,
      first: start.first,
      onChange,
      onSaid: (said) => serving.say(said),
    })
  const walls = await sandbox
  if (!walls || isRefused(walls)) throw new Error(walls?.message ?? 'there is no sandbox')
  const { folder: archive, names } = await folders.unpack(start.file)
  const { entry, environment, format } = start
  const child = spawnInSandbox(walls, { archive, names, entry, environment })
  return new ProcessSource({ child, format, pace, onChange, onSaid: (said) => serving.say(said) })
}

async function answer({ kind }: ToHostThread): Promise<void> {
  await Promise.all([...all].map(drop))
  await folder?.idle()
  if (kind === 'settle') tell({ kind: 'settled' })
  if (kind !== 'close') return
  port.close()
  await folders.close()
  tell({ kind: 'closed' })
}
