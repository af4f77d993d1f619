/**
 * A host of generators written from docs/ alone, to find out whether docs/ suffices: docs/engine-1.md for tags, blocks and calls,
 * docs/generators.md for archives and imports. It shares no code with the project, and knows no bounds and no budget.
 */
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { type Grid, type Item, type Payload, type Play, playerOf, readScore, type Tag } from './score.ts'
import { Tags } from './tags.ts'

/** What is made of a raw stem: it is told every block that is kept, every change of `gain` or `pan` as it is made, and the end. */
export interface Chain {
  changed(frame: number, change: () => void): void
  /** Answers for how many frames both sides have been quiet. */
  block(frame: number, frames: number): number
  ended(frame: number): void
}
interface Param {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly default: number
}
interface Manifest {
  readonly entry: string
  readonly params?: readonly Param[]
}
interface Shared {
  readonly id: string
  readonly grid: Grid
  readonly tags: Tags
  readonly frames: number
}
type Call = (...values: number[]) => number

const QUANTUM = 128
const FADE = 240
const LONGEST_TAIL = 383_632
/** What every generator has from the mix. */
const MIXED = [
  { name: 'gain', min: -200, max: 24, default: 0 },
  { name: 'pan', min: -1, max: 1, default: 0 },
]

const valueOf = ({ value }: Payload): number => Number(value)

/** A parameter, which may be on its way. */
export class Ramp {
  private from: number
  private to: number
  private since = 0
  private over = 0
  private readonly least: number
  private readonly most: number

  constructor(value: number, least = -Infinity, most = Infinity) {
    this.least = least
    this.most = most
    this.from = this.to = this.limited(value)
  }
  private limited(value: number): number {
    return Math.min(this.most, Math.max(this.least, value))
  }
  at(frame: number): number {
    const n = frame - this.since
    return n >= this.over ? this.to : this.from + (this.to - this.from) * (n / this.over)
  }
  change(frame: number, to: number, over: number): void {
    Object.assign(this, { from: this.at(frame), to: this.limited(to), since: frame, over })
  }
  /** Frames that it still takes. */
  rest(frame: number): number {
    return Math.max(0, this.since + this.over - frame)
  }
  /** Whether it is on its way, or has been since the multiple of 128 before. */
  moves(q: number): boolean {
    return this.over > 0 && q - this.since < this.over + QUANTUM
  }
}

/** The files of an archive: one gzip member of a ustar. */
function unpack(archive: Uint8Array): Map<string, Buffer> {
  const tar = gunzipSync(archive)
  const files = new Map<string, Buffer>()
  const text = (from: number, length: number): string => tar.toString('latin1', from, from + length).split('\0')[0]!
  for (let at = 0; tar[at];) {
    const size = parseInt(text(at + 124, 12), 8)
    const path = [text(at + 345, 155), text(at, 100)].filter((part) => part !== '').join('/')
    files.set(path, tar.subarray(at + 512, at + 512 + size))
    at += 512 + Math.ceil(size / 512) * 512
  }
  return files
}

/** What a chain sees of an instance. */
export type Sounding = Pick<Voice, 'start' | 'stem' | 'ramps' | 'out'>

/** An instance and its raw stem: `stem[0]` left, `stem[1]` right, from frame 0 of the jam. */
export class Voice<C extends Chain = Chain> {
  readonly path: string
  readonly start: number
  readonly ramps = new Map<string, Ramp>()
  readonly stem: readonly [Float32Array, Float32Array]
  readonly chain: C
  /** Frame from which on it fades out, with what it still makes. */
  out = Infinity
  gone = false
  private commands: readonly { frame: number; param?: Payload }[]
  private readonly jam: Shared
  private readonly play: Play
  private readonly params: readonly Param[]
  private readonly wasm: WebAssembly.Instance
  private readonly handles: string[] = []
  private stopped = Infinity
  private output = -1
  /** What tags become visible later is not seen in this quantum. */
  private until = Infinity
  /** First frame of the block. */
  private f = 0

  constructor(jam: Shared, play: Play, archive: Uint8Array, chainOf: (voice: Sounding) => C) {
    const { grid, frames } = jam
    this.jam = jam
    this.play = play
    this.path = play.path
    this.start = this.f = play.start
    this.stem = [new Float32Array(frames), new Float32Array(frames)]
    const files = unpack(archive)
    const { entry, params = [] } = JSON.parse(files.get('generator.json')!.toString()) as Manifest
    this.params = params
    const own = play.item.payload.params
    const changes = play.params.map((param) => ({ frame: grid.frame(param.at ?? 0), param }))
    for (const { name, min, max, default: usual } of [...params, ...MIXED]) {
      const [fixed, share] = [new Ramp(0), new Ramp(1)]
      let to = 0
      for (const { frame, param } of changes.filter((c) => c.frame <= this.start && c.param.name === name)) {
        to = valueOf(param)
        fixed.change(frame, to, grid.over(param))
        share.change(frame, 0, grid.over(param))
      }
      const ramp = new Ramp(fixed.at(this.start) + share.at(this.start) * (own?.[name] ?? usual), min, max)
      if (fixed.rest(this.start) > 0) ramp.change(this.start, to, fixed.rest(this.start))
      this.ramps.set(name, ramp)
    }
    const later = changes.filter(({ frame }) => frame > this.start && frame <= play.end)
    this.commands = [{ frame: play.end }, ...later].sort((a, b) => a.frame - b.frame)
    const module = new WebAssembly.Module(new Uint8Array(files.get(entry)!))
    this.chain = chainOf(this)
    this.wasm = new WebAssembly.Instance(module, { marmalade: this.imports() })
  }

  private call(name: string, ...values: number[]): number {
    return (this.wasm.exports[name] as Call | undefined)?.(...values) ?? 0
  }
  private bytes(at: number, length: number): Buffer {
    return Buffer.from((this.wasm.exports.memory as WebAssembly.Memory).buffer, at >>> 0, length >>> 0)
  }
  private imports(): Record<string, (...values: [number, number, number, number, number]) => unknown> {
    const { tags, grid } = this.jam
    const text = (at: number, length: number): string => this.bytes(at, length).toString()
    const find = (handle: number): Tag | undefined =>
      tags.open(this.handles[handle] ?? '').findLast(({ frame }) => frame <= Math.min(this.f, this.until))
    const set = (name: string, value: number | string, beat: number): void => {
      const next = (Math.floor(this.f / QUANTUM) + 1) * QUANTUM
      const frame = Math.max(Number.isNaN(beat) ? next : grid.frame(beat * 960), next)
      tags.set({ frame, path: `${this.path}/${name}`, value })
    }
    return {
      tag_open: (at, length) => {
        const path = text(at, length)
        return this.handles.includes(path) ? this.handles.indexOf(path) : this.handles.push(path) - 1
      },
      tag_get: (handle) => {
        const value = find(handle)?.value
        return typeof value === 'number' ? value : NaN
      },
      tag_text: (handle, at, room) => {
        const value = find(handle)?.value
        return typeof value === 'string' ? (this.bytes(at, room).write(value), Buffer.byteLength(value)) : -1
      },
      tag_frame: (handle) => (find(handle)?.frame ?? NaN) - this.start,
      tag_set: (at, length, value, beat) => set(text(at, length), value, beat),
      tag_set_text: (at, length, from, size, beat) => set(text(at, length), text(from, size), beat),
      log: () => undefined,
    }
  }
  private tell(index: number): void {
    this.call('mm_param', index, this.ramps.get(this.params[index]!.name)!.at(this.f))
  }
  private begin(): void {
    const { archive, instance } = this.play.item.payload
    const of = ['marmalade/1 seed', this.jam.id, playerOf(this.play.item.identity), archive, instance]
    const seed = createHash('sha256').update(of.join('\0')).digest()
    if (this.call('mm_abi') !== 1) throw new Error('mm_abi')
    if (this.call('mm_init', 48000, QUANTUM, seed.readInt32LE(0), seed.readInt32LE(4)) !== 0) throw new Error('mm_init')
    this.output = this.call('mm_output')
    for (const index of this.params.keys()) this.tell(index)
  }
  /** Makes the quantum that begins at `q`. */
  quantum(q: number): void {
    if (this.gone || this.start >= q + QUANTUM) return
    if (this.output < 0) this.begin()
    const { grid, tags } = this.jam
    const first = Math.max(q, this.start)
    const within = (frames: number[]): number[] =>
      [...new Set(frames.filter((f) => f > first && f < q + QUANTUM))].sort((a, b) => a - b)
    const points = [...grid.tempos, ...grid.meters].map(({ tick }) => grid.frame(tick))
    const own = within([...this.commands.map(({ frame }) => frame), ...points]).slice(0, 16)
    const seen = within(this.handles.flatMap((path) => tags.after(path, first)))
    const shown = seen.slice(0, 16 - own.length)
    this.until = seen.length > shown.length ? (shown.at(-1) ?? first) : Infinity
    const cuts = [...new Set([first, ...own, ...shown])].sort((a, b) => a - b)
    for (const [i, f] of cuts.entries()) this.block(f, (cuts[i + 1] ?? q + QUANTUM) - f)
  }
  private block(f: number, frames: number): void {
    if (this.gone) return
    this.f = f
    for (const { param } of this.commands.filter(({ frame }) => frame <= f)) this.hold(param)
    this.commands = this.commands.filter(({ frame }) => frame > f)
    if (f % QUANTUM === 0)
      for (const [index, { name }] of this.params.entries()) if (this.ramps.get(name)!.moves(f)) this.tell(index)
    const { beat, bar, step } = this.jam.grid.at(f)
    let status = 3
    try {
      status = this.call('mm_process', frames, f - this.start, beat, step, bar, (this.play.item.payload.at ?? 0) / 960)
    } catch {
      // A trap ends the instance, as an answer of 3 does.
    }
    if (status < 0 || status > 2) {
      this.finish(f)
      return
    }
    for (const side of [0, 1] as const) {
      const bytes = this.bytes(this.output + side * 512, frames * 4)
      for (let i = 0; i < frames; i++) this.stem[side][f + i] = bytes.readFloatLE(i * 4)
    }
    const next = f + frames
    const quiet = this.chain.block(f, frames)
    const silent = status === 1 && quiet >= 4_800 && this.stopped <= f
    if (status === 2) this.finish(next)
    else if (next % QUANTUM === 0 && next >= this.out + FADE) this.gone = true
    else if (this.out === Infinity && (silent || next - this.stopped >= LONGEST_TAIL)) this.out = next
  }
  private hold(param: Payload | undefined): void {
    if (param === undefined) {
      this.stopped = this.f
      if ('mm_stop' in this.wasm.exports) this.call('mm_stop')
      else this.out = this.f
      return
    }
    const ramp = this.ramps.get(param.name ?? '')
    const change = (): void => ramp?.change(this.f, valueOf(param), this.jam.grid.over(param))
    const index = this.params.findIndex(({ name }) => name === param.name)
    if (index < 0) this.chain.changed(this.f, change)
    else change()
    if (index >= 0 && !param.over) this.tell(index)
  }
  private finish(frame: number): void {
    this.gone = true
    this.chain.ended(frame)
  }
}

/** Renders a jam from its entries and its archives by blob id: its instances in score order, each with its stem. */
export function render<C extends Chain>(
  jam: string,
  entries: readonly Item[],
  archives: ReadonlyMap<string, Uint8Array>,
  chainOf: (voice: Sounding) => C,
): Voice<C>[] {
  const { grid, tags, plays, frames } = readScore(jam, entries)
  const shared = { id: jam, grid, tags: new Tags(tags), frames }
  const voices = plays.map((play) => new Voice(shared, play, archives.get(play.item.payload.archive ?? '')!, chainOf))
  for (let q = 0; q < frames; q += QUANTUM) for (const voice of voices) voice.quantum(q)
  return voices
}
