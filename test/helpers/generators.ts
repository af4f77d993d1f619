import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import wabtInit from 'wabt'
import type { Beats, Refusal } from '../../lib/base/index.ts'
import type { NoteShape, TagListener } from '../../lib/jam/index.ts'
import { packageRoot } from '../../lib/base/node/root.ts'
import {
  type ArchiveFile,
  type BlockPosition,
  type PreparedWasm,
  type Status,
  type TagAccess,
  type Voice,
  type VoiceSettings,
  createWasmVoice,
  isRefused,
  pack,
  prepareGenerator,
} from '../../lib/generators/index.ts'

const ALL_FEATURES = {
  exceptions: true,
  mutable_globals: true,
  sat_float_to_int: true,
  sign_extension: true,
  simd: true,
  threads: true,
  multi_value: true,
  tail_call: true,
  bulk_memory: true,
  reference_types: true,
}
const loading = wabtInit()

/** Assembles WAT with every feature on and without validating it, as someone hostile would. */
export async function assemble(wat: string): Promise<Uint8Array> {
  const wabt = await loading
  const module = wabt.parseWat('test.wat', wat, ALL_FEATURES)
  const { buffer } = module.toBinary({})
  module.destroy()
  return new Uint8Array(buffer)
}

export const fixture = (...path: string[]): string => join(packageRoot(), 'fixtures', ...path)
export const fixtureBytes = (...path: string[]): Uint8Array => new Uint8Array(readFileSync(fixture(...path)))

/** What functions give that may refuse; a refusal fails the test by throwing. */
export function good<T extends object>(given: T | Refusal): T {
  if (isRefused(given)) throw new Error(`${given.code}: ${given.message}`)
  return given
}
/** The code of a refusal; undefined where there was none. */
export const codeOf = (given: object): string | undefined => (isRefused(given) ? given.code : undefined)

export const textFile = (path: string, text: string): ArchiveFile => ({
  path,
  bytes: new TextEncoder().encode(text),
  executable: false,
})

/** The archive of a generator named `test` with this module, and other files beside it. */
export function archiveOf(
  wasm: Uint8Array,
  more: Record<string, unknown> = {},
  files: readonly ArchiveFile[] = [],
): Uint8Array {
  const manifest = { name: 'test', runtime: 'wasm', entry: 'test.wasm', ...more }
  const module = { path: 'test.wasm', bytes: wasm, executable: false }
  return good(pack([textFile('generator.json', JSON.stringify(manifest)), module, ...files]))
}

/** A module that has what the ABI requires, where `parts` does not say otherwise, with a page of memory. */
export function generatorWat(parts: { head?: string; init?: string; process?: string; tail?: string } = {}): string {
  const { head = '', init = '(i32.const 0)', process = '(i32.const 0)', tail = '' } = parts
  return `(module ${head} (memory (export "memory") 1 1)
    (func (export "mm_abi") (result i32) (i32.const 1))
    (func (export "mm_init") (param f32 i32 i32 i32) (result i32) ${init})
    (func (export "mm_output") (result i32) (i32.const 1024))
    (func (export "mm_process") (param $frames i32) (param $frame f64) (param $beat f64) (param $step f64)
      (param $bar f64) (param $start f64) (result i32) ${process}) ${tail})`
}

/** A tag that can be read, with the points before it, oldest first. */
interface TestTag {
  readonly value: number | string
  readonly frame: number
  readonly before?: readonly (readonly [frame: number, value: number])[]
}

/** Tags that remember what was asked of them; `values` is what can be read. */
export class TestTags implements TagAccess {
  readonly opened: string[] = []
  readonly writes: { name: string; value: number | string; atBeat: Beats }[] = []
  readonly lines: string[] = []
  values: Record<string, TestTag> = {}
  readonly watched: string[] = []
  readonly notes: unknown[][] = []
  /** What is told before the next block. */
  readonly due: ((listener: TagListener) => void)[] = []

  open(path: string): number {
    return path.includes('//') ? -1 : this.opened.push(path) + 99
  }
  get(handle: number): number {
    const value = this.at(handle)?.value
    return typeof value === 'number' ? value : NaN
  }
  text(handle: number): string | undefined {
    const value = this.at(handle)?.value
    return typeof value === 'string' ? value : undefined
  }
  points(handle: number): number {
    return this.past(handle).length
  }
  frame(handle: number, back = 0): number {
    return this.past(handle)[back]?.[0] ?? NaN
  }
  value(handle: number, back: number): number {
    return this.past(handle)[back]?.[1] ?? NaN
  }
  valueAt(handle: number, frame: number): number {
    return this.past(handle).find(([at]) => at <= frame)?.[1] ?? NaN
  }
  watch(handle: number): void {
    this.watched.push(this.opened[handle - 100] ?? '?')
  }
  tell(listener: TagListener): void {
    for (const tell of this.due.splice(0)) tell(listener)
  }
  set(name: string, value: number | string, atBeat: Beats): void {
    this.writes.push({ name, value, atBeat })
  }
  note(name: string, pitch: number, { velocity, beats }: NoteShape, atBeat: Beats): void {
    this.notes.push([name, pitch, velocity, beats, atBeat])
  }
  log(text: string): void {
    this.lines.push(text)
  }
  private at(handle: number): TestTag | undefined {
    return this.values[this.opened[handle - 100] ?? '']
  }
  /** Newest first. */
  private past(handle: number): (readonly [frame: number, value: number])[] {
    const tag = this.at(handle)
    return tag ? [[tag.frame, this.get(handle)], ...(tag.before ?? []).toReversed()] : []
  }
}

export function startVoice(
  wasm: Uint8Array | PreparedWasm,
  settings: Partial<VoiceSettings> = {},
): { voice: Voice; tags: TestTags } {
  const tags = new TestTags()
  const prepared = wasm instanceof Uint8Array ? good(prepareGenerator(archiveOf(wasm))) : wasm
  const voice = createWasmVoice(prepared, { seed: [1, 2], sampleRate: 48_000, tags, ...settings })
  return { voice, tags }
}

/** Beats a frame at 112 BPM, whose bars are no whole number of blocks. */
export const STEP = 112 / 60 / 48_000

/** The block of `frames` frames that begins at `frame`, for an instance that started at the jam's beat 0. */
export const block = (frame: number, frames = 128): BlockPosition => ({
  frames,
  frame,
  beat: frame * STEP,
  beatsPerFrame: STEP,
  bar: (frame * STEP) / 4,
  startBeat: 0,
})

/** Runs blocks until it ends or `count` are done: the last status, and copies of the left channel. */
export function run(voice: Voice, count: number): { status: Status; left: Float32Array } {
  const left = new Float32Array(count * 128)
  let status: Status = 'go'
  for (let n = 0; n < count && status === 'go'; n++) {
    status = voice.process(block(n * 128))
    if (status !== 'error') left.set(voice.left, n * 128)
  }
  return { status, left }
}
