import { createHash } from 'node:crypto'
import { BLOCK, blobIdOf, MarmaladeError, SAMPLE_RATE, type Frames } from '../base/index.ts'
import { isRefused, prepareGenerator, type VoiceFailure } from '../generators/index.ts'
import type { InstancePath } from '../jam/index.ts'
import { nodeCrypto } from '../keys/index.ts'
import { encodePcm, LocalRunner, renderOffline, type QuantumReport, type Stem } from '../mix/index.ts'
import { makeEnsemble, readyArchive } from './ensemble.ts'
import { trialJam, trialStop, type TrialPlan } from './trial-jam.ts'
import { MeasuringRuntime, type Work } from './trial-voice.ts'

/** The longest trial, five minutes, its tail left out: of two of them every sample is held at once. */
export const MAX_TRIAL_FRAMES: Frames = 300 * SAMPLE_RATE

/** Lines of its log that are kept. */
const MAX_LINES = 20

/** What a generator is tried with. */
export interface TrialInit extends TrialPlan {
  /** As it would be published; of a process there is no trial. */
  readonly archive: Uint8Array
}

/** Takes what the generator wrote, planar stereo float32 as it came: views that hold only until what is returned is settled. */
export type TakeRaw = (left: Float32Array, right: Float32Array, at: Frames) => void | Promise<void>

/** What came of a generator that was played alone. */
export interface Trial {
  /** Where it was stopped; what comes after is its tail. */
  readonly stop: Frames
  /** To the end of the tail. */
  readonly frames: Frames
  /** SHA-256, hex, of what it wrote: interleaved float32, little-endian, before the mix touches it. */
  readonly samplesSha256: string
  /** SHA-256, hex, of the tags and notes that it set, each with its frame. */
  readonly tagsSha256: string
  /** How many these were. */
  readonly sets: number
  readonly failure?: { readonly frame: Frames } & VoiceFailure
  /** Whether it asked for readings of the machine or the network. */
  readonly ambient: boolean
  /** The first lines of its log. */
  readonly log: readonly string[]
  readonly work: Work
}

/**
 * Plays one generator alone, as a replay does, and gives what it wrote. A failure of the generator is part of what is given.
 * @throws MarmaladeError of an archive that is no WASM generator the codes of `prepareGenerator`; of a tag or parameter that no
 * entry may hold that of its payload
 */
export async function runTrial({ archive, ...plan }: TrialInit, take: TakeRaw): Promise<Trial> {
  const prepared = prepareGenerator(archive)
  if (isRefused(prepared)) throw new MarmaladeError(prepared.code, prepared.message)
  const { jam, path, entries } = trialJam(archive, prepared.manifest, plan)
  const runtime = new MeasuringRuntime()
  const ensemble = makeEnsemble({ jam, from: 0, runners: [new LocalRunner({ runtime })], measured: 'limiter' })
  const { renderer, conductor } = ensemble
  readyArchive(ensemble, blobIdOf(nodeCrypto.sha256(archive)), prepared)
  conductor.observe(entries)
  const samples = createHash('sha256')
  const raw = new Raw(path)
  const doings = new Doings(path)
  const stop = trialStop(plan)
  let frames = 0
  try {
    const chunks = renderOffline({
      renderer,
      to: stop,
      refuse: 'nothing',
      onReport(report) {
        for (const event of conductor.events())
          if (event.kind === 'refused') throw new MarmaladeError(event.code, event.message)
        doings.take(report)
      },
      onStems: (stems) => raw.put(stems),
    })
    for await (const { at } of chunks) {
      const [left, right] = raw.take()
      samples.update(encodePcm('f32', left, right))
      await take(left, right, at)
      frames = at + left.length
    }
  } finally {
    await renderer.close()
  }
  return { stop, frames, samplesSha256: samples.digest('hex'), ...doings.outcome(), work: runtime.work() }
}

/** What one instance wrote since it was taken last: silence where it is not, or not any more. */
class Raw {
  readonly #path: InstancePath
  #quanta: (readonly [left: Float32Array, right: Float32Array])[] = []

  constructor(path: InstancePath) {
    this.#path = path
  }

  put(stems: readonly Stem[]): void {
    const stem = stems.find(({ path }) => path === this.#path)
    const { rawLeft = NOTHING, rawRight = NOTHING } = stem ?? {}
    this.#quanta.push([Float32Array.from(rawLeft), Float32Array.from(rawRight)])
  }

  take(): [left: Float32Array, right: Float32Array] {
    const quanta = this.#quanta.splice(0)
    const sides = [new Float32Array(quanta.length * BLOCK), new Float32Array(quanta.length * BLOCK)] as const
    for (const [n, quantum] of quanta.entries())
      sides.forEach((side, which) => side.set(quantum[which] ?? NOTHING, n * BLOCK))
    return [...sides]
  }
}

const NOTHING = new Float32Array(BLOCK)

/** What one instance did besides sound. */
class Doings {
  readonly #path: InstancePath
  readonly #tags = createHash('sha256')
  readonly #log: string[] = []
  #sets = 0
  #failure: Trial['failure']
  #ambient = false

  constructor(path: InstancePath) {
    this.#path = path
  }

  take({ events, changes }: QuantumReport): void {
    for (const change of changes) {
      if (!change.path.startsWith(this.#path)) continue
      this.#sets++
      this.#tags.update(`${JSON.stringify(change)}\n`)
    }
    for (const event of events) {
      if (event.kind === 'ambient') this.#ambient = true
      if (event.kind === 'failed') this.#failure ??= { frame: event.frame, ...event.failure }
      if (event.kind === 'log' && this.#log.length < MAX_LINES) this.#log.push(event.text)
    }
  }

  outcome(): Pick<Trial, 'tagsSha256' | 'sets' | 'failure' | 'ambient' | 'log'> {
    const failure = this.#failure && { failure: this.#failure }
    const said = { sets: this.#sets, ambient: this.#ambient, log: this.#log }
    return { tagsSha256: this.#tags.digest('hex'), ...said, ...failure }
  }
}
