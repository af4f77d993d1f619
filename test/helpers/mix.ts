import { createHash } from 'node:crypto'
import {
  BLOCK,
  blobIdOf,
  type BlobId,
  type EntryKey,
  type Frames,
  type JamId,
  type Name,
  type PlayerRef,
} from '../../lib/base/index.ts'
import { prepareGenerator, type PreparedGenerator } from '../../lib/generators/index.ts'
import {
  Grid,
  PendingTags,
  TagFlow,
  type Command,
  type Conductor,
  type InstancePath,
  type InstanceSpec,
} from '../../lib/jam/index.ts'
import { LocalRunner, type Measured, Renderer, type GroupRunner, type QuantumReport } from '../../lib/mix/index.ts'
import { archiveOf, assemble, generatorWat, good } from './generators.ts'

export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

/** 112 BPM, 4/4: a beat is 25,714.29 frames. */
export const GRID = new Grid([{ bar: 0, tempo: 112, meter: '4/4', comparable: 0, key: '' as EntryKey }])

/** Commands that are known beforehand. */
export class FixedConductor implements Conductor {
  readonly grid: Grid
  readonly #commands: readonly Command[]

  constructor(commands: readonly Command[], grid = GRID) {
    this.#commands = commands
    this.grid = grid
  }

  commands(from: Frames): readonly Command[] {
    return this.#commands.filter((c) => c.frame >= from && c.frame < from + BLOCK)
  }
}

/** A generator that is prepared, with the blob id of its archive. */
export interface TestArchive {
  readonly archive: BlobId
  readonly prepared: PreparedGenerator
}

export async function archiveFrom(wat: string, more: Record<string, unknown> = {}): Promise<TestArchive> {
  const bytes = archiveOf(await assemble(wat), more)
  return { archive: blobIdOf(sha256(bytes)), prepared: good(prepareGenerator(bytes)) }
}

/** Where `generatorWat` has its output: left, then right. */
const LEFT = 1024
const RIGHT = 1536
const CLEAR = `(memory.fill (i32.const ${LEFT}) (i32.const 0) (i32.const 1024))`

/** Writes a WAT string as data and gives the operands that name it. */
const text = (at: number, value: string): { data: string; args: string } => ({
  data: `(data (i32.const ${at}) "${value}")`,
  args: `(i32.const ${at}) (i32.const ${value.length})`,
})

/** The one parameter of `probeWat`, for its manifest. */
export const PARAMS = { params: [{ name: 'level', min: 0, max: 10, default: 2 }] }

/**
 * Writes at the start of each block: left its parameter 0 (from 1), right what it reads of a tag, plus 0.001 where that
 * is a number at all. So raw stems show where blocks begin and what is seen there.
 */
export const probeWat = (tag = 'color'): string => {
  const path = text(0, tag)
  return generatorWat({
    head: `(import "marmalade" "tag_open" (func $open (param i32 i32) (result i32)))
      (import "marmalade" "tag_get" (func $get (param i32) (result f64)))
      (global $h (mut i32) (i32.const -1)) (global $p (mut f64) (f64.const 1)) (global $v (mut f64) (f64.const 0))`,
    init: `(global.set $h (call $open ${path.args})) (i32.const 0)`,
    process: `${CLEAR}
      (f32.store (i32.const ${LEFT}) (f32.demote_f64 (global.get $p)))
      (global.set $v (call $get (global.get $h)))
      (if (f64.eq (global.get $v) (global.get $v))
        (then (f32.store (i32.const ${RIGHT}) (f32.demote_f64 (f64.add (global.get $v) (f64.const 0.001))))))
      (i32.const 0)`,
    tail: `${path.data} (func (export "mm_param") (param i32 f64)
      (if (i32.eqz (local.get 0)) (then (global.set $p (local.get 1)))))`,
  })
}

/** Sets `color` to 0.5 for a beat, in its first block, and reads it as the probe does. */
export const setterWat = (atBeat: number): string => {
  const path = text(0, 'color')
  return generatorWat({
    head: `(import "marmalade" "tag_open" (func $open (param i32 i32) (result i32)))
      (import "marmalade" "tag_get" (func $get (param i32) (result f64)))
      (import "marmalade" "tag_set" (func $set (param i32 i32 f64 f64)))
      (global $h (mut i32) (i32.const -1)) (global $done (mut i32) (i32.const 0)) (global $v (mut f64) (f64.const 0))`,
    init: `(global.set $h (call $open ${path.args})) (i32.const 0)`,
    process: `${CLEAR}
      (if (i32.eqz (global.get $done)) (then
        (global.set $done (i32.const 1))
        (call $set ${path.args} (f64.const 0.5) (f64.const ${atBeat}))))
      (global.set $v (call $get (global.get $h)))
      (if (f64.eq (global.get $v) (global.get $v))
        (then (f32.store (i32.const ${RIGHT}) (f32.demote_f64 (global.get $v)))))
      (i32.const 0)`,
    tail: path.data,
  })
}

/** A sine at 100 Hz and -6 dBFS on both sides by recursion, from a phase; `status` and `tail` are WAT. */
export const sineWat = (options: { phase?: number; status?: string; tail?: string; hertz?: number } = {}): string => {
  const { phase = 0, status = '(i32.const 0)', tail = '', hertz = 100 } = options
  const step = (2 * Math.PI * hertz) / 48_000
  const at = (n: number): number => 0.5 * Math.sin(2 * Math.PI * phase + n * step)
  return generatorWat({
    head: `(global $a (mut f64) (f64.const ${at(-1)})) (global $b (mut f64) (f64.const ${at(-2)})) (global $blocks (mut i32) (i32.const 0))
      (global $i (mut i32) (i32.const 0)) (global $y (mut f64) (f64.const 0)) (global $stopped (mut i32) (i32.const 0))`,
    process: `(global.set $i (i32.const 0)) (global.set $blocks (i32.add (global.get $blocks) (i32.const 1)))
      (loop $next
        (global.set $y (f64.sub (f64.mul (f64.const ${2 * Math.cos(step)}) (global.get $a)) (global.get $b)))
        (global.set $b (global.get $a)) (global.set $a (global.get $y))
        (f32.store (i32.add (i32.const ${LEFT}) (i32.shl (global.get $i) (i32.const 2))) (f32.demote_f64 (global.get $y)))
        (f32.store (i32.add (i32.const ${RIGHT}) (i32.shl (global.get $i) (i32.const 2))) (f32.demote_f64 (global.get $y)))
        (global.set $i (i32.add (global.get $i) (i32.const 1)))
        (br_if $next (i32.lt_s (global.get $i) (local.get $frames))))
      ${status}`,
    tail,
  })
}

export const PLAYER = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

/** An instance named `name`; those with a lower `at` are processed first. */
export function specOf(
  archive: BlobId,
  name: string,
  more: Partial<InstanceSpec> & { at?: number } = {},
): InstanceSpec {
  const { at = 0, ...rest } = more
  const key = Buffer.alloc(32, name).toString('base64')
  return {
    jam: `@${key}.ed25519:test` as JamId,
    path: `${PLAYER}/test/${name}` as InstancePath,
    player: PLAYER as PlayerRef,
    generator: 'test' as Name,
    instance: name as Name,
    archive,
    order: { at, comparable: 0, key: `%${key}.sha256` as EntryKey },
    params: {},
    startBeat: 0,
    ...rest,
  }
}

export const startAt = (frame: Frames, spec: InstanceSpec): Command => ({ kind: 'start', frame, spec })
export const stopAt = (frame: Frames, spec: InstanceSpec): Command => ({ kind: 'stop', frame, path: spec.path })
export const paramAt = (frame: Frames, spec: InstanceSpec, name: string, value: number, over = 0): Command => ({
  kind: 'param',
  frame,
  path: spec.path,
  name,
  value,
  over,
})
export const tagAt = (frame: Frames, path: string, value: number): Command => ({ kind: 'tag', frame, path, value })

export const localRunners = (count: number): LocalRunner[] => Array.from({ length: count }, () => new LocalRunner())

/** What a render came to: the mix, each instance's stem and raw output by name, and all reports. */
export interface Rendered {
  readonly left: Float32Array
  readonly right: Float32Array
  readonly stems: ReadonlyMap<
    string,
    { left: Float32Array; right: Float32Array; rawLeft: Float32Array; rawRight: Float32Array }
  >
  readonly reports: readonly QuantumReport[]
  readonly renderer: Renderer
}

export interface RenderOptions {
  readonly runners?: readonly GroupRunner[]
  readonly grid?: Grid
  readonly measured?: Measured
  readonly pending?: PendingTags
  /** Called before each quantum. */
  readonly before?: (renderer: Renderer, from: Frames) => void
}

/** Renders `frames` (a multiple of 128) of a list of commands. */
export function renderAll(
  archives: readonly TestArchive[],
  commands: readonly Command[],
  frames: Frames,
  { runners = localRunners(1), grid = GRID, measured = 'all', pending = new PendingTags(), before }: RenderOptions = {},
): Rendered {
  const conductor = new FixedConductor(commands, grid)
  const parts = { conductor, flow: new TagFlow(), pending, runners }
  const renderer = new Renderer({ ...parts, sha256, measured })
  for (const { archive, prepared } of archives) renderer.prepare(archive, prepared)
  const left = new Float32Array(frames)
  const right = new Float32Array(frames)
  const stems = new Map<string, Record<'left' | 'right' | 'rawLeft' | 'rawRight', Float32Array>>()
  const reports: QuantumReport[] = []
  for (let from = 0; from < frames; from += BLOCK) {
    before?.(renderer, from)
    reports.push(renderer.renderQuantum(left.subarray(from, from + BLOCK), right.subarray(from, from + BLOCK)))
    for (const stem of renderer.stems()) {
      const name = stem.path.split('/')[2] ?? stem.path
      const kept = stems.get(name) ?? emptyStem(frames)
      stems.set(name, kept)
      for (const plane of PLANES) kept[plane].set(stem[plane], from)
    }
  }
  return { left, right, stems, reports, renderer }
}

const PLANES = ['left', 'right', 'rawLeft', 'rawRight'] as const
const emptyStem = (frames: Frames) => ({
  left: new Float32Array(frames),
  right: new Float32Array(frames),
  rawLeft: new Float32Array(frames),
  rawRight: new Float32Array(frames),
})

/** Frames at which a signal is not 0, with its values. */
export const pulses = (signal: Float32Array | undefined): [Frames, number][] =>
  [...(signal ?? [])].flatMap((x, i): [Frames, number][] => (x === 0 ? [] : [[i, x]]))

/** SHA-256, hex, of all raw stems, in order of their names. */
export function rawHash({ stems }: Rendered): string {
  const hash = createHash('sha256')
  for (const [name, { rawLeft, rawRight }] of [...stems].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(name).update(rawLeft).update(rawRight)
  return hash.digest('hex')
}

export const eventsOf = (rendered: Rendered): string[] =>
  rendered.reports.flatMap((r) => r.events).map((e) => `${e.kind} ${e.path.split('/')[2] ?? ''} ${e.frame}`)
