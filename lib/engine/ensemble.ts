import { availableParallelism } from 'node:os'
import type { BlobId, Frames, JamId, PlayerId, Ticks } from '../base/index.ts'
import type { PreparedGenerator } from '../generators/index.ts'
import {
  JamConductor,
  PendingTags,
  Sketches,
  TagFlow,
  type Command,
  type Conductor,
  type InstanceFate,
  type InstanceSpec,
  type Members,
  type ParamDefaults,
  type Sketch,
} from '../jam/index.ts'
import type { ProcessLink } from '../generators/process/node/host.ts'
import { runtimeWith } from '../generators/process/node/runtime.ts'
import { nodeCrypto } from '../keys/index.ts'
import { LocalRunner, Renderer, type GroupRunner, type Measured, type Prerolled, type ShortIds } from '../mix/index.ts'
import { startPool } from '../mix/node/pool.ts'
import { liveGuard } from '../mix/node/thread-clock.ts'
import { GUARD_MILLIS } from './constants.ts'
import { shortIdsOf } from './short-ids.ts'

/** A conductor with the renderer that it leads, the same for live play and replay. */
export interface Ensemble {
  readonly conductor: JamConductor
  readonly renderer: Renderer
  /** What the player tries out; none of a score. */
  readonly sketches: Sketches | undefined
  /** Whether the jam's end has been rendered. */
  readonly ended: () => boolean
}

interface EnsembleInit {
  readonly jam: JamId
  /** The first frame rendered, a multiple of 128. */
  readonly from: Frames
  readonly runners: readonly GroupRunner[]
  readonly measured: Measured
  /** Whose sketches are played: of a session and its take. */
  readonly player?: PlayerId
  /** Where a replay ends. */
  readonly until?: Ticks
  /** Processes that were started ahead: live. */
  readonly prerolled?: Prerolled
  /** What starts instead of what the jam asks for: a what-if alone has it. */
  readonly recast?: (spec: InstanceSpec) => InstanceSpec
}

/** Puts conductor, tags and renderer together. */
export function makeEnsemble(init: EnsembleInit): Ensemble {
  const { jam, from, runners, measured, player, until, prerolled, recast } = init
  const flow = new TagFlow()
  const conductor = new JamConductor({ jam, readTag: flow.readTag, ...(until !== undefined && { until }) })
  conductor.begin(from)
  const sketches = player && new Sketches({ jam, player })
  const watched = new WatchedConductor({
    conductor,
    sketches,
    know: (shortIds) => renderer.know(shortIds),
    forget: (archive) => {
      // What plays may name is kept.
      if (!conductor.isReady(archive)) renderer.forget(archive)
    },
    recast,
  })
  const renderer = new Renderer({
    conductor: watched,
    flow,
    pending: new PendingTags(),
    runners,
    sha256: (bytes) => nodeCrypto.sha256(bytes),
    from,
    measured,
    ...(prerolled && { prerolled }),
  })
  return { conductor, renderer, sketches, ended: () => watched.ended }
}

/**
 * What renders: so many threads. For one, and offline for one of several, it is the caller's own. Live, a block that takes too long
 * detaches its instance, and threads sleep while they wait; offline they look for each other, where there is a processor for each.
 * Processes are run by whoever has the other end of the link.
 */
export async function startRunners(
  threads: number,
  play: 'live' | 'offline',
  processes?: ProcessLink,
): Promise<readonly GroupRunner[]> {
  const shared = processes && { processes }
  if (play === 'live' && threads > 1) return startPool(threads, { guardMillis: GUARD_MILLIS, ...shared })
  const runtime = processes && runtimeWith(processes)
  const guard = play === 'live' ? liveGuard(GUARD_MILLIS) : undefined
  const waiting = threads <= availableParallelism() ? 'looking' : 'sleeping'
  const others = await startPool(threads - 1, { waiting, ...shared })
  return [new LocalRunner({ guard, now: () => performance.now(), ...(runtime && { runtime }) }), ...others]
}

/** An archive is ready to start: both are told, live as in every replay. */
export function readyArchive({ conductor, renderer }: Ensemble, archive: BlobId, generator: PreparedGenerator): void {
  renderer.prepare(archive, generator)
  conductor.archiveReady(archive, defaultsOf(generator))
}

/** A sketch is ready to start: it does so on the next bar. */
export function readySketch(
  { conductor, renderer, sketches }: Ensemble,
  sketch: Sketch,
  prepared: PreparedGenerator,
): void {
  renderer.prepare(sketch.archive, prepared)
  sketches?.play(sketch, conductor.grid, renderer.frame)
}

/** An archive may run no more. */
export function forbidArchive({ conductor, renderer }: Ensemble, archive: BlobId): void {
  conductor.archiveForbidden(archive)
  renderer.forbid(archive)
}

/** Defaults of a generator's parameters by name. */
const defaultsOf = ({ manifest }: PreparedGenerator): ParamDefaults =>
  Object.fromEntries(manifest.params.map((param) => [param.name, param.default]))

interface Watched {
  readonly conductor: JamConductor
  readonly sketches: Sketches | undefined
  readonly know: (shortIds: ShortIds) => void
  readonly forget: (archive: BlobId) => void
  readonly recast: EnsembleInit['recast']
}

/** Hands on a conductor's commands, and those of sketches; remembers that the end was among them, and tells when its members change. */
class WatchedConductor implements Conductor {
  ended = false
  readonly #init: Watched
  #members: Members | undefined

  constructor(init: Watched) {
    this.#init = init
  }

  get grid(): JamConductor['grid'] {
    return this.#init.conductor.grid
  }

  commands(from: Frames): readonly Command[] {
    const { conductor, sketches, know, recast } = this.#init
    const asked = conductor.commands(from)
    const { members } = conductor
    if (members !== this.#members) {
      if (!this.#members || !isSame(members.everyone, this.#members.everyone)) know(shortIdsOf(members))
      this.#members = members
    }
    if (asked.some((command) => command.kind === 'end')) this.ended = true
    const tried = sketches?.commands(from, conductor.grid, asked) ?? []
    const commands = tried.length === 0 ? asked : [...asked, ...tried]
    if (!recast) return commands
    return commands.map((command) => (command.kind === 'start' ? { ...command, spec: recast(command.spec) } : command))
  }

  passed(events: readonly InstanceFate[]): void {
    const { sketches, forget } = this.#init
    sketches?.passed(events)
    for (const archive of sketches?.released() ?? []) forget(archive)
  }
}

const isSame = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean =>
  a.size === b.size && [...a].every((it) => b.has(it))
