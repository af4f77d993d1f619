/**
 * The least that can run generators of ABI marmalade/1 from their .wasm, with the rules of blocks and tags that the
 * engine has (docs/authoring.md): for listening to them and measuring them by themselves, without jams, entries or mix.
 */
import { BLOCK, SAMPLE_RATE } from '../../lib/base/index.ts'

/** A tag from the moment it is visible on. */
interface Change {
  readonly frame: number
  readonly path: string
  readonly value: number | string
}

/** What is to happen, by jam frame. */
export type Event =
  | {
      readonly frame: number
      readonly kind: 'start'
      readonly path: string
      readonly module: WebAssembly.Module
      readonly beat: number
    }
  | { readonly frame: number; readonly kind: 'stop'; readonly path: string }
  | { readonly frame: number; readonly kind: 'tag'; readonly path: string; readonly value: number | string }

interface Abi {
  readonly memory: WebAssembly.Memory
  mm_init(rate: number, frames: number, lo: number, hi: number): number
  mm_output(): number
  mm_process(frames: number, frame: number, beat: number, perFrame: number, bar: number, startBeat: number): number
  mm_param?(index: number, value: number): void
  mm_stop?(): void
}

/** One running instance and everything it gave. Frames are the jam's. */
export interface Running {
  readonly path: string
  readonly start: number
  readonly left: Float32Array
  readonly right: Float32Array
  stop: number
  ended: number
  nanoseconds: number
}

interface Slot extends Running {
  readonly abi: Abi
  readonly opened: string[]
  readonly startBeat: number
  stopped: boolean
}

export interface HostInit {
  readonly tempo: number
  /** Frames from the jam's origin to the end. */
  readonly frames: number
  /** More places to cut blocks at, for who wants to know whether it can be heard: a frame of the jam to a yes or no. */
  readonly cut?: (frame: number) => boolean
  /** Beats of a bar; 4 where it is left out. */
  readonly meter?: number
}

/** Renders all events, in processing order of their starts. Events are ordered by frame. */
export class Host {
  readonly perFrame: number
  /** Every tag that became visible, in order. */
  readonly changes: Change[] = []
  readonly #init: HostInit
  readonly #slots: Slot[] = []
  #pending: Change[] = []

  constructor(init: HostInit) {
    this.#init = init
    this.perFrame = init.tempo / 60 / SAMPLE_RATE
  }

  /** The first frame at or after a beat. */
  frameOf(beat: number): number {
    return Math.ceil(beat / this.perFrame - 1e-6)
  }

  render(events: readonly Event[]): readonly Running[] {
    for (let from = 0; from < this.#init.frames; from += BLOCK) {
      const now = events.filter((event) => event.frame >= from && event.frame < from + BLOCK)
      this.#quantum(from, now)
    }
    return this.#slots
  }

  #quantum(from: number, events: readonly Event[]): void {
    for (const event of events) {
      if (event.kind === 'start') this.#start(event)
      if (event.kind === 'stop')
        this.#slots.filter((slot) => slot.path === event.path).forEach((slot) => (slot.stop = event.frame))
      if (event.kind === 'tag') this.#pending.push(event)
    }
    const visible = this.#pending.filter((change) => change.frame < from + BLOCK).sort((a, b) => a.frame - b.frame)
    this.#pending = this.#pending.filter((change) => change.frame >= from + BLOCK)
    this.changes.push(...visible)
    for (const slot of this.#slots) if (slot.ended > from) this.#run(slot, from, visible)
    this.#pending.push(...this.#sets.splice(0).map((set) => ({ ...set, frame: Math.max(set.frame, from + BLOCK) })))
  }

  /** Set in this quantum; `frame` is that of the beat asked for. */
  readonly #sets: Change[] = []
  #now = 0

  #start(event: Extract<Event, { kind: 'start' }>): void {
    const opened: string[] = []
    const text = (at: number, length: number): string =>
      new TextDecoder().decode(new Uint8Array(abi.memory.buffer, at, length))
    const newest = (handle: number): Change | undefined => this.#newest(opened[handle] ?? '', this.#now)
    const imports = {
      tag_open: (at: number, length: number) => opened.push(text(at, length)) - 1,
      tag_get: (handle: number) => {
        const value = newest(handle)?.value
        return typeof value === 'number' ? value : NaN
      },
      tag_text: (handle: number, out: number, capacity: number) => {
        const value = newest(handle)?.value
        if (typeof value !== 'string') return -1
        const bytes = new TextEncoder().encode(value).subarray(0, capacity)
        new Uint8Array(abi.memory.buffer).set(bytes, out)
        return bytes.length
      },
      tag_frame: (handle: number) => (newest(handle)?.frame ?? NaN) - event.frame,
      tag_set: (at: number, length: number, value: number, beat: number) => {
        this.#sets.push({ path: `${event.path}/${text(at, length)}`, value, frame: this.frameOf(beat) })
      },
    }
    const abi = new WebAssembly.Instance(event.module, { marmalade: imports }).exports as unknown as Abi
    if (abi.mm_init(SAMPLE_RATE, BLOCK, 7, 9) !== 0) throw new Error(`${event.path} refused to start`)
    const { frames } = this.#init
    this.#slots.push({
      path: event.path,
      start: event.frame,
      left: new Float32Array(frames),
      right: new Float32Array(frames),
      stop: Infinity,
      ended: Infinity,
      nanoseconds: 0,
      abi,
      opened,
      startBeat: event.beat,
      stopped: false,
    })
  }

  #run(slot: Slot, from: number, visible: readonly Change[]): void {
    const starts = new Set([Math.max(from, slot.start)])
    if (slot.stop > from && slot.stop < from + BLOCK) starts.add(slot.stop)
    for (const { frame, path } of visible)
      if (frame > from && frame > slot.start && slot.opened.some((open) => matches(open, path))) starts.add(frame)
    for (let frame = Math.max(from, slot.start) + 1; frame < from + BLOCK; frame++)
      if (this.#init.cut?.(frame) === true) starts.add(frame)
    const growing = [...starts].sort((a, b) => a - b)
    growing.forEach((at, i) => {
      if (slot.ended > at) this.#block(slot, at, (growing[i + 1] ?? from + BLOCK) - at)
    })
  }

  #block(slot: Slot, at: number, frames: number): void {
    const { abi } = slot
    this.#now = at
    const beat = at * this.perFrame
    const began = process.hrtime.bigint()
    if (at >= slot.stop && !slot.stopped) {
      slot.stopped = true
      abi.mm_stop?.()
    }
    const status = abi.mm_process(
      frames,
      at - slot.start,
      beat,
      this.perFrame,
      beat / (this.#init.meter ?? 4),
      slot.startBeat,
    )
    slot.nanoseconds += Number(process.hrtime.bigint() - began)
    const out = abi.mm_output()
    slot.left.set(new Float32Array(abi.memory.buffer, out, frames), at)
    slot.right.set(new Float32Array(abi.memory.buffer, out + 4 * BLOCK, frames), at)
    if (status === 2) slot.ended = at + frames
    if (status === 3) throw new Error(`${slot.path} failed`)
  }

  #newest(open: string, frame: number): Change | undefined {
    for (let i = this.changes.length - 1; i >= 0; i--) {
      const change = this.changes[i]
      if (change && change.frame <= frame && matches(open, change.path)) return change
    }
    return undefined
  }
}

const matches = (open: string, path: string): boolean =>
  open.includes('/') ? open === path : path.endsWith(`/${open}`)
