import { SAMPLE_RATE, type BlobId, type Frames } from '../base/index.ts'
import type { PreparedProcess } from '../generators/index.ts'
import { Preroll, suits, type ProcessStart } from '../generators/process/preroll.ts'
import type { ServingPort } from '../generators/process/node/serving-port.ts'
import type { InstancePath } from '../jam/index.ts'
import { firstValue, type Prerolled } from '../mix/index.ts'
import type { Ensemble } from './ensemble.ts'

/** A process is started so long before its first frame is rendered, where its play is known by then. */
const AHEAD: Frames = 2 * SAMPLE_RATE
/** Processes that may run without an instance: those that start first. */
const MOST = 8
/** How often a process is started for one play, where what it is told changes. */
const STARTS = 4

interface Ahead {
  preroll: Preroll
  /** How often it may still be started anew. */
  left: number
}

/**
 * Starts the processes of instances that are to start, live, so that their first sound is there in time. One whose play goes, moves, or is
 * not allowed any more ends at once; so does one that no voice has taken when its first frame has been rendered.
 */
export class Prerolls {
  readonly #serving: Pick<ServingPort, 'post' | 'clear'>
  readonly #all = new Map<InstancePath, Ahead>()

  /** @param serving its own: nothing else is told through it */
  constructor(serving: Pick<ServingPort, 'post' | 'clear'>) {
    this.#serving = serving
  }

  /** What the renderer starts an instance with. */
  readonly of: Prerolled = (path) => this.#all.get(path)?.preroll.start

  /** Between two quanta. */
  look({ conductor, renderer, sketches }: Pick<Ensemble, 'conductor' | 'renderer' | 'sketches'>): void {
    this.#serving.clear()
    if (!renderer.hasProcesses) return
    const processOf = (archive: BlobId): PreparedProcess | undefined => {
      const prepared = renderer.prepared(archive)
      return prepared?.runtime === 'process' ? prepared : undefined
    }
    const to = renderer.frame + AHEAD
    const asked = conductor.expected(to, (archive) => processOf(archive) !== undefined)
    const first = [...(sketches?.expected(to, conductor.grid) ?? []), ...asked].slice(0, MOST)
    this.#end(new Set(first.map(({ spec }) => spec.path)))
    for (const { spec, frame } of first) {
      const prepared = processOf(spec.archive)
      if (!prepared) continue
      this.#ready(spec.path, {
        prepared,
        identity: { ...spec, start: frame },
        position: { ...conductor.grid.positionAt(frame), frame: 0 },
        params: new Map(prepared.manifest.params.map((param) => [param.name, firstValue(param, spec.params)])),
        sampleRate: SAMPLE_RATE,
      })
    }
  }

  /** Ends those that are expected no more; what was rendered is not, and is its voice's where one has taken it. */
  #end(expected: ReadonlySet<InstancePath>): void {
    for (const [path, { preroll }] of this.#all) {
      if (expected.has(path)) continue
      this.#all.delete(path)
      if (!preroll.taken) preroll.close()
    }
  }

  /** Has the process started, anew where it was told what does not hold any more. */
  #ready(path: InstancePath, start: ProcessStart): void {
    const ahead = this.#all.get(path)
    if (!ahead) {
      this.#all.set(path, { preroll: new Preroll(start, this.#serving.post), left: STARTS - 1 })
      return
    }
    if (ahead.left === 0 || suits(ahead.preroll.start, start)) return
    ahead.preroll.close()
    ahead.preroll = new Preroll(start, this.#serving.post)
    ahead.left--
  }
}
