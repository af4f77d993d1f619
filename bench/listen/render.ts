import { createHash } from 'node:crypto'
import { join } from 'node:path'
import {
  BLOCK,
  blobIdOf,
  type BlobId,
  type EntryKey,
  type Frames,
  type JamId,
  type Name,
  type PlayerRef,
  SAMPLE_RATE,
} from '../../lib/base/index.ts'
import { packageRoot } from '../../lib/base/node/root.ts'
import { isRefused, pack, prepareGenerator, type PreparedWasm } from '../../lib/generators/index.ts'
import { readGenerator } from '../../lib/generators/node/folder.ts'
import {
  type Command,
  type Conductor,
  Grid,
  type InstancePath,
  type InstanceSpec,
  PendingTags,
  type TagChange,
  TagFlow,
} from '../../lib/jam/index.ts'
import { LocalRunner, Renderer, renderOffline } from '../../lib/mix/index.ts'
import type { Action, Plan } from './plan.ts'

/** A generator of fixtures/generators, packed and prepared as a node would. */
export interface Shipped {
  readonly archive: BlobId
  readonly prepared: PreparedWasm
}

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

export async function shipped(generator: string): Promise<Shipped> {
  const archive = pack(await readGenerator(join(packageRoot(), 'fixtures/generators', generator)))
  if (isRefused(archive)) throw new Error(archive.message)
  const prepared = prepareGenerator(archive)
  if (isRefused(prepared)) throw new Error(prepared.message)
  return { archive: blobIdOf(sha256(archive)), prepared }
}

/** What one instance gave. Planar stereo from the jam's origin on. */
export interface Part {
  readonly generator: string
  readonly start: Frames
  readonly left: Float32Array
  readonly right: Float32Array
}

/** First-light, rendered offline by the mix. Frames count from the jam's origin. */
export interface Rendered {
  readonly grid: Grid
  /** First frame of a bar of the tune, from 1. */
  readonly bar: (bar: number) => Frames
  readonly bars: number
  readonly parts: readonly Part[]
  readonly left: Float32Array
  readonly right: Float32Array
  /** What the limiter took at most, in decibels. */
  readonly limited: number
  /** Every tag that became visible, in order. */
  readonly changes: readonly TagChange[]
  /** Seconds of processor time that it took. */
  readonly cpu: number
}

const KEY = (n: number): string => Buffer.alloc(32, n).toString('base64')

class PlanConductor implements Conductor {
  readonly grid: Grid
  readonly #commands: readonly Command[]

  constructor(grid: Grid, commands: readonly Command[]) {
    this.grid = grid
    this.#commands = commands
  }

  commands(from: Frames): readonly Command[] {
    return this.#commands.filter(({ frame }) => frame >= from && frame < from + BLOCK)
  }
}

/**
 * Renders a plan as a replay would. The tune begins on a bar of the jam that is a multiple of its phrase: here the second
 * one. `seed` makes other players, so other numbers drawn.
 */
export async function renderPlan(plan: Plan, seed = 1): Promise<Rendered> {
  const grid = new Grid([{ bar: 0, tempo: plan.tempo, meter: '4/4', comparable: 0, key: '' as EntryKey }])
  const bar = (n: number): Frames => grid.frameOfBar(plan.phraseBars + n - 1)
  const names = new Set(plan.actions.flatMap((action) => ('generator' in action ? [action.generator] : [])))
  const archives = new Map(await Promise.all([...names].map(async (name) => [name, await shipped(name)] as const)))
  const commands = plan.actions.flatMap((action, i) => commandOf(action, i, seed, bar(action.bar), archives))
  const conductor = new PlanConductor(grid, commands)
  const parts = { conductor, flow: new TagFlow(), pending: new PendingTags(), runners: [new LocalRunner()] }
  const renderer = new Renderer({ ...parts, sha256 })
  for (const { archive, prepared } of archives.values()) renderer.prepare(archive, prepared)
  const to = bar(plan.bars + 1)
  return { grid, bar, bars: plan.bars, ...(await record(renderer, to, to + plan.tailSeconds * SAMPLE_RATE)) }
}

async function record(
  renderer: Renderer,
  to: Frames,
  frames: Frames,
): Promise<Omit<Rendered, 'grid' | 'bar' | 'bars'>> {
  const left = new Float32Array(frames)
  const right = new Float32Array(frames)
  const parts = new Map<string, Part>()
  const changes: TagChange[] = []
  const began = process.cpuUsage()
  const chunks = renderOffline({
    renderer,
    to,
    refuse: 'any failure',
    onReport: (report) => changes.push(...report.changes),
    onStems: (stems, at) => {
      for (const stem of stems) {
        const part = parts.get(stem.path) ?? emptyPart(stem.path, at, frames)
        parts.set(stem.path, part)
        put(part.left, stem.left, at)
        put(part.right, stem.right, at)
      }
    },
  })
  for await (const chunk of chunks) {
    put(left, chunk.left, chunk.at)
    put(right, chunk.right, chunk.at)
  }
  const { user } = process.cpuUsage(began)
  const limited = renderer.meters().reduction
  await renderer.close()
  return { left, right, parts: [...parts.values()], limited, changes, cpu: user / 1e6 }
}

const emptyPart = (path: string, start: Frames, frames: Frames): Part => ({
  generator: path.split('/')[1] ?? '',
  start,
  left: new Float32Array(frames),
  right: new Float32Array(frames),
})

/** The tail may reach a little past what is kept. */
function put(all: Float32Array, part: Float32Array, at: Frames): void {
  if (at < all.length) all.set(part.subarray(0, all.length - at), at)
}

function commandOf(
  action: Action,
  nth: number,
  seed: number,
  frame: Frames,
  archives: ReadonlyMap<string, Shipped>,
): Command[] {
  if (action.do === 'end') return [{ kind: 'end', frame }]
  if (action.do === 'tag') return [{ kind: 'tag', frame, path: `jam/${action.name}`, value: action.value }]
  const player = Buffer.alloc(32, action.player + String(seed)).toString('base64url') as PlayerRef
  const path = `${player}/${action.generator}/${action.generator}` as InstancePath
  if (action.do === 'stop') return [{ kind: 'stop', frame, path }]
  const { archive } = archives.get(action.generator) as Shipped
  const spec: InstanceSpec = {
    jam: `@${KEY(seed)}.ed25519:first-light` as JamId,
    path,
    player,
    generator: action.generator as Name,
    instance: action.generator as Name,
    archive,
    order: { at: nth, comparable: nth, key: `%${KEY(nth)}.sha256` as EntryKey },
    params: {},
    startBeat: 0,
  }
  return [{ kind: 'start', frame, spec }]
}
