import { readFile } from 'node:fs/promises'
import { hex, MarmaladeError, type BlobId, type Frames, type Millis } from '../base/index.ts'
import { isRefused, prepareGenerator, type PreparedGenerator } from '../generators/index.ts'
import { scoreHash, type JamEntry, type Score } from '../jam/index.ts'
import { nodeCrypto } from '../keys/index.ts'
import { renderOffline, type Chunk, type GroupRunner } from '../mix/index.ts'
import { defaultsOf, makeEnsemble, startRunners, type Ensemble } from './ensemble.ts'
import { Output, type Written } from './output.ts'
import { StemFiles } from './stems.ts'
import { threadsFor } from './threads.ts'

/** Whoever shares the thread gets it at least this often. */
const PAUSE_EVERY: Millis = 20

export interface ReplayInit {
  readonly score: Score
  /** What the score was built from. */
  readonly entries: readonly JamEntry[]
  /** The file of an archive that is here and whole. @throws BLOB_UNKNOWN, BLOB_CORRUPT */
  readonly archiveFile: (archive: BlobId) => Promise<string>
  /** How a publisher is called, for errors. */
  readonly shown: (archive: Score['archives'][number]) => string
  /** The WAV file to write (32-bit float); nothing where it is left out. */
  readonly out?: string
  /** A folder for one WAV an instance. */
  readonly stems?: string
  /** First frame that is given; all before it is rendered too, so that a part is a part of the whole. */
  readonly from?: Frames
  /** As many as pay for the score where it is left out; they change no sample. */
  readonly threads?: number
  /** Takes the samples, interleaved stereo float32, as they are rendered; the rendering waits for it. */
  readonly onSamples?: (samples: Float32Array) => Promise<void>
  readonly onProgress?: (done: Frames, of: Frames) => void
  readonly signal?: AbortSignal
}

export interface Replayed extends Written {
  /** Jam frame of the first sample. */
  readonly firstFrame: Frames
  /** What the limiter took at most, in decibels. */
  readonly reduction: number
  /** Hash of the score's set, hex. */
  readonly scoreHash: string
  readonly stems: readonly string[]
  /** How much faster than real time it was. */
  readonly speed: number
}

/**
 * Renders a score offline. The same entries and archives give the same file on every machine, whatever the threads.
 * @throws MarmaladeError SCORE_TOO_LONG, GENERATOR_MISSING (names archive and publisher), what `prepareGenerator`
 * refuses, a failure's own code naming the instance, CANCELLED, FILE_UNWRITABLE; BAR_PASSED where `from` is not before the end
 */
export async function replay(init: ReplayInit): Promise<Replayed> {
  const { score, from = 0 } = init
  const [problem] = score.problems
  if (problem) throw new MarmaladeError(problem.code, problem.message)
  if (from > 0 && from >= score.end) {
    const bars = Math.ceil(score.grid.barOfTick(score.endTick))
    throw new MarmaladeError('BAR_PASSED', `the jam ends with bar ${bars}: begin at that one at the latest`)
  }
  const prepared = await prepareAll(init)
  const runners = await startRunners(init.threads ?? threadsFor(score), 'offline')
  const output = await Output.create(init.out).catch(async (error: unknown) => {
    await closeAll(runners)
    throw error
  })
  const stems = init.stems === undefined ? undefined : new StemFiles(init.stems, from)
  try {
    const ensemble = makeEnsemble({ jam: score.jam, from: 0, runners, until: score.endTick })
    for (const [archive, generator] of prepared) {
      ensemble.renderer.prepare(archive, generator)
      ensemble.conductor.archiveReady(archive, defaultsOf(generator))
    }
    ensemble.conductor.observe(init.entries)
    const began = performance.now()
    for await (const { left, right } of chunksOf(init, ensemble, stems)) {
      await output.write(left, right)
      await init.onSamples?.(interleaved(left, right))
      await stems?.flush()
    }
    const speed = ensemble.renderer.frame / 48 / (performance.now() - began)
    const written = await output.close()
    return {
      ...written,
      firstFrame: from,
      reduction: ensemble.renderer.meters().reduction,
      scoreHash: hex(scoreHash(score, (bytes) => nodeCrypto.sha256(bytes))),
      stems: (await stems?.close(written.frames)) ?? [],
      speed,
    }
  } catch (error) {
    await output.discard()
    await stems?.discard()
    throw error
  } finally {
    await closeAll(runners)
  }
}

async function closeAll(runners: readonly GroupRunner[]): Promise<void> {
  await Promise.all(runners.map((runner) => runner.close()))
}

function chunksOf(
  { score, from = 0, onProgress, signal }: ReplayInit,
  { renderer }: Ensemble,
  stems: StemFiles | undefined,
): AsyncGenerator<Chunk, void> {
  let paused = performance.now()
  return renderOffline({
    renderer,
    from,
    to: score.end,
    refuse: 'any failure',
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
    ...(stems && { onStems: (all, at) => stems.take(all, at) }),
    async pause() {
      if (performance.now() - paused < PAUSE_EVERY) return
      await new Promise((resolve) => setImmediate(resolve))
      paused = performance.now()
    },
  })
}

function interleaved(left: Float32Array, right: Float32Array): Float32Array {
  const samples = new Float32Array(2 * left.length)
  for (let i = 0; i < left.length; i++) {
    samples[2 * i] = left[i] ?? 0
    samples[2 * i + 1] = right[i] ?? 0
  }
  return samples
}

/** Every archive, before a sample is rendered. */
async function prepareAll(init: ReplayInit): Promise<Map<BlobId, PreparedGenerator>> {
  const prepared = new Map<BlobId, PreparedGenerator>()
  for (const wanted of init.score.archives) {
    const { archive, generator } = wanted
    if (prepared.has(archive)) continue
    const file = await init.archiveFile(archive).catch((cause: unknown) => {
      const why = cause instanceof MarmaladeError ? cause.message : 'it cannot be read'
      const message = `${generator} by ${init.shown(wanted)} cannot be replayed: its archive ${archive}: ${why}`
      throw new MarmaladeError('GENERATOR_MISSING', message, { cause })
    })
    const made = prepareGenerator(new Uint8Array(await readFile(file)))
    if (isRefused(made)) throw new MarmaladeError(made.code, `${generator} by ${init.shown(wanted)}: ${made.message}`)
    prepared.set(archive, made)
  }
  return prepared
}
