import { BLOCK, type BlobId, type Frames } from '../base/index.ts'
import type { PreparedGenerator } from '../generators/index.ts'
import type { GridView, TagChange } from '../jam/index.ts'
import type { GroupRunner } from './runner.ts'
import type { GroupCommand, GroupReport, PlacedPosition, ShortIds } from './types.ts'

/** What each runner is told to do in a quantum; nothing for whoever is not in it. */
export type Shares = ReadonlyMap<GroupRunner, readonly GroupCommand[]>

const NO_COMMANDS: readonly GroupCommand[] = Object.freeze([])
const EMPTY: GroupReport = { sets: [], events: [] }

/** The runners of one renderer: all of them have begun a quantum before the first is waited for. */
export class Team {
  readonly #runners: readonly GroupRunner[]
  readonly #archives = new Map<BlobId, PreparedGenerator>()
  /** Whether any of them is a process. */
  hasProcesses = false

  constructor(runners: readonly GroupRunner[]) {
    this.#runners = runners
  }

  /** Why a runner renders no more, where one has died. */
  get lost(): string | undefined {
    for (const { failure } of this.#runners) if (failure !== undefined) return failure
    return undefined
  }

  /** Makes an archive known to all of them; before the first start of one of its instances. */
  prepare(archive: BlobId, prepared: PreparedGenerator): void {
    if (this.#archives.has(archive)) return
    this.#archives.set(archive, prepared)
    this.hasProcesses ||= prepared.runtime === 'process'
    for (const runner of this.#runners) runner.prepare(archive, prepared)
  }

  /** No instance of an archive sounds any more, and none will start unless it is made known again. */
  forget(archive: BlobId): void {
    if (!this.#archives.delete(archive)) return
    for (const runner of this.#runners) runner.forget(archive)
  }

  prepared(archive: BlobId): PreparedGenerator | undefined {
    return this.#archives.get(archive)
  }

  know(shortIds: ShortIds): void {
    for (const runner of this.#runners) runner.know(shortIds)
  }

  /** Has the quantum at `from` rendered. @param changes every tag that becomes visible in it */
  run(from: Frames, grid: GridView, changes: readonly TagChange[], shares: Shares): GroupReport {
    const cuts = grid.cuts(from, from + BLOCK)
    // What nearly every quantum needs, and all of them alike.
    const plain = [placedAt(grid, from)]
    const alive = this.#runners.filter((runner) => runner.failure === undefined)
    for (const runner of alive) {
      const commands = shares.get(runner) ?? NO_COMMANDS
      const simple = commands.length + changes.length + cuts.length === 0
      const positions = simple ? plain : placed(grid, from, cuts, commands, changes)
      runner.begin({ from, commands, changes, positions, cuts })
    }
    let all = EMPTY
    for (const runner of alive) all = joined(all, runner.finish())
    return all
  }

  async close(): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.close()))
  }
}

const isEmpty = ({ sets, events }: GroupReport): boolean => sets.length + events.length === 0

function joined(a: GroupReport, b: GroupReport): GroupReport {
  if (isEmpty(b)) return a
  return isEmpty(a) ? b : { sets: [...a.sets, ...b.sets], events: [...a.events, ...b.events] }
}

const placedAt = (grid: GridView, frame: Frames): PlacedPosition => ({ frame, ...grid.positionAt(frame) })

/** Every frame at which a block may begin, growing. */
function placed(
  grid: GridView,
  from: Frames,
  cuts: readonly Frames[],
  ...more: readonly (readonly { readonly frame: Frames }[])[]
): PlacedPosition[] {
  const frames = [from, ...cuts, ...more.flat().map(({ frame }) => frame)]
  return [...new Set(frames)].sort((a, b) => a - b).map((frame) => placedAt(grid, frame))
}
