import { availableParallelism } from 'node:os'
import type { BlobId, Frames, JamId, Ticks } from '../base/index.ts'
import type { PreparedGenerator } from '../generators/index.ts'
import {
  JamConductor,
  PendingTags,
  TagFlow,
  type Command,
  type Conductor,
  type InstanceSpec,
  type Members,
  type ParamDefaults,
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
  /** Whether the jam's end has been rendered. */
  readonly ended: () => boolean
}

interface EnsembleInit {
  readonly jam: JamId
  /** The first frame rendered, a multiple of 128. */
  readonly from: Frames
  readonly runners: readonly GroupRunner[]
  readonly measured: Measured
  /** Where a replay ends. */
  readonly until?: Ticks
  /** Processes that were started ahead: live. */
  readonly prerolled?: Prerolled
  /** What starts instead of what the jam asks for: a what-if alone has it. */
  readonly recast?: (spec: InstanceSpec) => InstanceSpec
}

/** Puts conductor, tags and renderer together. */
export function makeEnsemble(init: EnsembleInit): Ensemble {
  const { jam, from, runners, measured, until, prerolled, recast } = init
  const flow = new TagFlow()
  const conductor = new JamConductor({ jam, readTag: flow.readTag, ...(until !== undefined && { until }) })
  conductor.begin(from)
  const watched = new WatchedConductor({ conductor, know: (shortIds) => renderer.know(shortIds), recast })
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
  return { conductor, renderer, ended: () => watched.ended }
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
  readonly know: (shortIds: ShortIds) => void
  readonly recast: EnsembleInit['recast']
}

/** Hands a conductor's commands on, remembers that the end was among them, and tells when its members change. */
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
    const { conductor, know, recast } = this.#init
    const commands = conductor.commands(from)
    const { members } = conductor
    if (members !== this.#members) {
      if (!this.#members || !isSame(members.everyone, this.#members.everyone)) know(shortIdsOf(members))
      this.#members = members
    }
    if (commands.some((command) => command.kind === 'end')) this.ended = true
    if (!recast) return commands
    return commands.map((command) => (command.kind === 'start' ? { ...command, spec: recast(command.spec) } : command))
  }
}

const isSame = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean =>
  a.size === b.size && [...a].every((it) => b.has(it))
