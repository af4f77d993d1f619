import { BLOCK, entryKeyOf, refOf, TICKS_PER_BEAT } from '../base/index.ts'
import type { Beats, BlobId, Frames, JamId, Name, PlayerId, PlayerRef, Ticks } from '../base/index.ts'
import type { Grid } from './grid.ts'
import { nextBoundary } from './on.ts'
import type { Command, InstanceFate, InstancePath, InstanceSpec, StartCommand } from './types.ts'

/** A version of a generator that its author tries out, alone: an archive, and under which name it follows on the version before. */
export interface Sketch {
  readonly name: Name
  readonly archive: BlobId
  readonly generator: Name
  readonly params: Readonly<Record<string, number>>
}

/** The name of a player's sketch, by the path of one of its versions or of what it set; undefined where it is none. */
export function sketchIn(path: string, player: string): Name | undefined {
  const [ref, , instance = ''] = path.split('/')
  const mark = instance.indexOf(MARK)
  return ref === player && mark > 0 ? (instance.slice(0, mark) as Name) : undefined
}

/** Stands in no name of an instance that an entry asks for. */
const MARK = '~'

/** Names under which a player may try something out at once. */
export const MAX_SKETCHES = 4
/** Sketches are processed after all that entries ask for. */
const LAST: Ticks = Number.MAX_SAFE_INTEGER
/** No entry asks for one. */
const NO_ENTRY = entryKeyOf(new Uint8Array(32))

/** Told, and not started yet: the how many-th of all, and where. */
interface Next {
  readonly sketch: Sketch
  readonly number: number
  tick: Ticks
}

/** What is known of one name. */
interface Line {
  next: Next | undefined
  /** The newest that was started, and the one whose place it took in the 128 frames rendered last. */
  path: InstancePath | undefined
  before: InstancePath | undefined
  /** Of the first under this name: the others go on with it, so that they stand where that stood. */
  startBeat: Beats | undefined
  /** Set once it is to end: at once, or where the first own instance of an archive starts. */
  end: { readonly until: BlobId | undefined } | undefined
}

interface Init {
  readonly jam: JamId
  readonly player: PlayerId
}

/**
 * What a player tries out in a jam, for itself alone: each version starts on the bar after it came, in place of the one before. Local
 * acts, which belong to the take and which the score knows nothing of: given the same acts before the same frames, the same commands.
 */
export class Sketches {
  readonly #jam: JamId
  readonly #ref: PlayerRef
  readonly #lines = new Map<Name, Line>()
  /** Archives of what sounds. */
  readonly #sounding = new Map<InstancePath, BlobId>()
  /** Archives that may have fallen out of use. */
  readonly #left = new Set<BlobId>()
  #grid: Grid | undefined
  #count = 0
  #over = false

  constructor({ jam, player }: Init) {
    this.#jam = jam
    this.#ref = refOf(player)
  }

  /** From the first bar line at or after a frame on, in place of the version before, which goes on until then. Nothing beyond MAX_SKETCHES names. */
  play(sketch: Sketch, grid: Grid, frame: Frames): void {
    const known = this.#lines.get(sketch.name)
    if (this.#over || (!known && this.#lines.size >= MAX_SKETCHES)) {
      this.#left.add(sketch.archive)
      return
    }
    const line = known ?? { next: undefined, path: undefined, before: undefined, startBeat: undefined, end: undefined }
    if (line.next) this.#left.add(line.next.sketch.archive)
    line.next = { sketch, number: ++this.#count, tick: nextBoundary(grid, 'bar', frame) }
    line.end = undefined
    this.#lines.set(sketch.name, line)
  }

  /** It ends with the next block, as a stop does; or where the first own instance of an archive starts, which takes its place. */
  stop(name: Name, until?: BlobId): void {
    const line = this.#lines.get(name)
    if (line) line.end = { until }
  }

  /** What of it takes effect in the block at `from`, beside what the jam asks for there. */
  commands(from: Frames, grid: Grid, asked: readonly Command[]): readonly Command[] {
    if (this.#lines.size === 0) return NONE
    if (asked.some(({ kind }) => kind === 'end')) {
      for (const [name, line] of this.#lines) this.#drop(name, line)
      this.#over = true
      return NONE
    }
    if (grid !== this.#grid) this.#aim(grid, from)
    this.#grid = grid
    return [...this.#lines].flatMap(([name, line]) => [
      ...this.#ending(name, line, from, asked),
      ...this.#starting(line, grid, from),
    ])
  }

  /** The lines of bars may have moved. */
  #aim(grid: Grid, from: Frames): void {
    for (const { next } of this.#lines.values()) if (next) next.tick = nextBoundary(grid, 'bar', from)
  }

  #ending(name: Name, line: Line, from: Frames, asked: readonly Command[]): Command[] {
    if (!line.end) return []
    const { until } = line.end
    const frame = until === undefined ? from : this.#startOf(until, asked)
    if (frame === undefined) return []
    this.#drop(name, line)
    return line.path === undefined ? [] : [{ kind: 'stop', frame, path: line.path }]
  }

  #startOf(archive: BlobId, asked: readonly Command[]): Frames | undefined {
    const start = asked.find(
      (command) => command.kind === 'start' && command.spec.player === this.#ref && command.spec.archive === archive,
    )
    return start?.frame
  }

  #starting(line: Line, grid: Grid, from: Frames): Command[] {
    const { next, path: before } = line
    const frame = next && grid.frameOfTick(next.tick)
    if (!next || frame === undefined || frame >= from + BLOCK) return []
    const start = this.#startCommand(line, next, frame)
    const { path } = start.spec
    line.next = undefined
    line.startBeat = start.spec.startBeat
    line.path = path
    line.before = before
    this.#sounding.set(path, next.sketch.archive)
    return before === undefined ? [start] : [start, { kind: 'stop', frame, path: before, heir: path }]
  }

  #startCommand(line: Line, { sketch, number, tick }: Next, frame: Frames): StartCommand {
    const { name, archive, generator, params } = sketch
    const spec: InstanceSpec = {
      jam: this.#jam,
      path: `${this.#ref}/${generator}/${name}${MARK}${number}` as InstancePath,
      player: this.#ref,
      generator,
      instance: name,
      archive,
      order: { at: LAST, comparable: number, key: NO_ENTRY },
      params,
      startBeat: line.startBeat ?? tick / TICKS_PER_BEAT,
      isSketch: true,
    }
    return { kind: 'start', frame, spec, ...(line.path !== undefined && { beside: line.path }) }
  }

  /** What starts before a frame, as things stand. */
  expected(to: Frames, grid: Grid): readonly StartCommand[] {
    return [...this.#lines.values()].flatMap((line) => {
      const frame = line.next ? grid.frameOfTick(line.next.tick) : Infinity
      return line.next && frame < to ? [this.#startCommand(line, line.next, frame)] : []
    })
  }

  /** Where a version did not start, or failed at once, the one before it has gone on, and is the newest again. */
  passed(events: readonly InstanceFate[]): void {
    if (this.#sounding.size === 0) return
    for (const { kind, path } of events) {
      const archive = this.#sounding.get(path)
      if (archive === undefined) continue
      if (kind === 'failed') this.#backFrom(path)
      if (kind !== 'ended' && kind !== 'refused') continue
      this.#sounding.delete(path)
      this.#left.add(archive)
      for (const line of this.#lines.values()) if (line.path === path) line.path = this.#before(line)
    }
    for (const line of this.#lines.values()) line.before = undefined
  }

  #backFrom(path: InstancePath): void {
    for (const line of this.#lines.values()) if (line.path === path) line.path = this.#before(line) ?? path
  }

  #before({ before }: Line): InstancePath | undefined {
    return before !== undefined && this.#sounding.has(before) ? before : undefined
  }

  /** Archives that no sketch needs any more, once each. */
  released(): readonly BlobId[] {
    if (this.#left.size === 0) return NONE
    const used = new Set(this.#sounding.values())
    for (const { next } of this.#lines.values()) if (next) used.add(next.sketch.archive)
    const left = [...this.#left].filter((archive) => !used.has(archive))
    this.#left.clear()
    return left
  }

  #drop(name: Name, line: Line): void {
    if (line.next) this.#left.add(line.next.sketch.archive)
    line.next = undefined
    this.#lines.delete(name)
  }
}

const NONE: readonly never[] = Object.freeze([])
