import { nodeCrypto } from '../keys/index.ts'
import { JamConductor, PendingTags, TagFlow, type Command, type Conductor, type ParamDefaults } from '../jam/index.ts'
import type { PreparedGenerator } from '../generators/index.ts'
import { Renderer, type GroupRunner } from '../mix/index.ts'
import { startPool } from '../mix/node/pool.ts'
import type { Frames, JamId, Ticks } from '../base/index.ts'
import { GUARD_MILLIS } from './constants.ts'
import type { RenderStart } from './types.ts'

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
  /** Where a replay ends. */
  readonly until?: Ticks
}

/** Puts conductor, tags and renderer together. */
export function makeEnsemble({ jam, from, runners, until }: EnsembleInit): Ensemble {
  const flow = new TagFlow()
  const conductor = new JamConductor({ jam, readTag: flow.readTag, ...(until !== undefined && { until }) })
  conductor.begin(from)
  const watched = new EndWatch(conductor)
  const renderer = new Renderer({
    conductor: watched,
    flow,
    pending: new PendingTags(),
    runners,
    sha256: (bytes) => nodeCrypto.sha256(bytes),
    from,
  })
  return { conductor, renderer, ended: () => watched.ended }
}

/** A live one, on threads of its own. */
export async function liveEnsemble(start: RenderStart): Promise<Ensemble> {
  const runners = await startPool(start.threads, { guardMillis: GUARD_MILLIS })
  const ensemble = makeEnsemble({ jam: start.jam, from: start.from, runners })
  ensemble.conductor.observe(start.entries)
  return ensemble
}

/** Defaults of a generator's parameters by name. */
export const defaultsOf = ({ manifest }: PreparedGenerator): ParamDefaults =>
  Object.fromEntries(manifest.params.map((param) => [param.name, param.default]))

/** Hands a conductor's commands on, and remembers that the end was among them. */
class EndWatch implements Conductor {
  ended = false
  readonly #conductor: JamConductor

  constructor(conductor: JamConductor) {
    this.#conductor = conductor
  }

  get grid(): JamConductor['grid'] {
    return this.#conductor.grid
  }

  commands(from: Frames): readonly Command[] {
    const commands = this.#conductor.commands(from)
    if (commands.some((command) => command.kind === 'end')) this.ended = true
    return commands
  }
}
