import { readFile } from 'node:fs/promises'
import { hex, MarmaladeError, type BlobId, type Frames, type Millis, type Refusal } from '../base/index.ts'
import { isRefused, prepareAllowed, prepareGenerator, type PreparedGenerator } from '../generators/index.ts'
import type { Frozen } from '../generators/process/node/frozen-source.ts'
import { ProcessHost } from '../generators/process/node/host.ts'
import { orWhyNot } from '../generators/process/node/sandbox.ts'
import { scoreHash, type ScoreArchive } from '../jam/index.ts'
import { nodeCrypto } from '../keys/index.ts'
import {
  renderOffline,
  type Chunk,
  type GroupRunner,
  type QuantumReport,
  type Stem,
  type WavFormat,
} from '../mix/index.ts'
import { startRunners } from './ensemble.ts'
import { Failures, type Failure } from './failures.ts'
import { Output, type Written } from './output.ts'
import { performanceOf, type Begun, type Performance, type PerformanceInit, type Rendition } from './performance.ts'
import { frozenOf } from './processes.ts'
import { Sounding, type Sound } from './sounding.ts'
import { StemFiles, type StemKinds } from './stems.ts'
import type { MissingEntries, TakeOutcome } from './take-replay.ts'
import { threadsFor } from './threads.ts'

/** Whoever shares the thread gets it at least this often. */
const PAUSE_EVERY: Millis = 20

export interface ReplayInit extends PerformanceInit {
  /** The file of an archive that is here and whole. @throws BLOB_UNKNOWN, BLOB_CORRUPT */
  readonly archiveFile: (archive: BlobId) => Promise<string>
  /** Whether an archive may run as a process here; where it is left out none may. */
  readonly mayRun?: (archive: BlobId) => Promise<boolean>
  /** How a publisher is called, for errors. */
  readonly shown: (archive: ScoreArchive) => string
  /** The WAV file to write; nothing where it is left out. */
  readonly out?: string
  /** Of that file: 32-bit float where it is left out. */
  readonly format?: WavFormat
  /** A folder for one WAV an instance, always of 32-bit float. */
  readonly stems?: string
  readonly stemKinds?: StemKinds
  /** First frame that is given; all before it is rendered too, so that a part is a part of the whole. */
  readonly from?: Frames
  /** Frame at which a take is cut off; a score's end is its own. */
  readonly cut?: Frames
  /** As many as pay for the score where it is left out; they change no sample. */
  readonly threads?: number
  /** Takes stems as they are rendered: views that hold only during the call; `at` is the first of 128 frames. */
  readonly onStems?: (stems: readonly Stem[], at: Frames) => void
  /** Takes what each 128 frames came to, those before `from` too. */
  readonly onReport?: (report: QuantumReport) => void
  /** Takes the samples, interleaved stereo float32, as they are rendered, and the frame of the first; the rendering waits for it. */
  readonly onSamples?: (samples: Float32Array, at: Frames) => Promise<void>
  readonly onProgress?: (done: Frames, of: Frames) => void
  readonly signal?: AbortSignal
}

export interface Replayed extends Written {
  readonly rendition: Rendition
  /** SHA-256, hex, of what was rendered: the score's set, the take's file, or either with its changes. */
  readonly hash: string
  /** Jam frame of the first sample. */
  readonly firstFrame: Frames
  /** What the limiter took at most, in decibels. */
  readonly reduction: number
  /** Hash of the score's set, hex. */
  readonly scoreHash: string
  /** Of a take: whether it came out as it was heard. */
  readonly take?: TakeOutcome
  /** Of a take, changed or not: entries that it heard and that are not here, so not in it. */
  readonly missing?: MissingEntries
  readonly stems: readonly string[]
  /** What sounded in it, by first frame. */
  readonly sounds: readonly Sound[]
  /** Instances that failed or did not start, of a score on every machine alike; those before `from` too. */
  readonly failures: readonly Failure[]
  /** Generators that ran as processes, whose sound may be another next time: none in what a take heard. */
  readonly inexact: readonly string[]
  /**
   * Generators that asked for readings of the machine or the network: a score has none, so they sound the same each time,
   * and otherwise than they were heard. None in what a take heard, which has its readings.
   */
  readonly ambient: readonly string[]
  /** How much faster than real time it was. */
  readonly speed: number
}

/**
 * Renders a score or a take offline. The same entries and archives give the same file on every machine, whatever the threads.
 * @throws MarmaladeError ENGINE_UNKNOWN, SCORE_TOO_LONG; naming archive and publisher GENERATOR_MISSING, GENERATOR_NOT_ALLOWED and
 * SANDBOX_MISSING and its like; naming the instance the code of a failure that this machine alone has (GENERATOR_TOO_SLOW,
 * GENERATOR_NO_MEMORY); CANCELLED, FILE_UNWRITABLE; BAR_PASSED where `from` is not before the end; of a take TAKE_INVALID,
 * TAKE_INCOMPLETE
 */
export async function replay(init: ReplayInit): Promise<Replayed> {
  const { score } = init
  const performance = performanceOf(init)
  const [problem] = score.problems
  if (problem && !init.take) throw new MarmaladeError(problem.code, problem.message)
  const from = Math.max(init.from ?? 0, performance.first)
  const end = Math.min(performance.end, init.take ? (init.cut ?? Infinity) : Infinity)
  if (from > 0 && from >= end) {
    const bars = Math.ceil(score.grid.barOfTick(score.grid.tickOfFrame(end)))
    throw new MarmaladeError('BAR_PASSED', `the jam ends with bar ${bars}: begin at that one at the latest`)
  }
  const frozen = init.take && !init.whatIf ? frozenOf(init.take, init.take.file) : undefined
  const { prepared, refused } = await prepareAll({ init, archives: performance.archives, frozen })
  const processes = new ProcessHost({ pace: 'offline', ...(frozen && { frozen }) })
  const ran = [...prepared.values()].filter(({ runtime }) => runtime === 'process')
  if (ran.length > 0) await processes.start()
  const runners = await startRunners(init.threads ?? threadsFor(score), 'offline', processes.link)
  const output = await Output.create(init.out, init.format ?? 'f32').catch(async (error: unknown) => {
    await closeAll(runners)
    await processes.close()
    throw error
  })
  const { stems: folder, stemKinds = 'stems' } = init
  const stems = folder === undefined ? undefined : new StemFiles({ folder, from, kinds: stemKinds })
  try {
    const sounding = new Sounding()
    const failures = new Failures(score.grid)
    for (const play of score.plays) {
      const why = refused.get(play.payload.archive)
      if (why) failures.refuse(play, why)
    }
    const begun = performance.begin({ runners, prepared, sounding, failures })
    const { renderer } = begun
    const began = now()
    for await (const { at, left, right } of chunksOf({ init, performance, begun, stems, from, end })) {
      await output.write(left, right)
      await init.onSamples?.(interleaved(left, right), at)
      await stems?.flush()
    }
    const speed = (renderer.frame - performance.first) / 48 / (now() - began)
    const written = await output.close()
    const take = performance.outcome(end)
    return {
      ...written,
      rendition: performance.rendition,
      hash: performance.hash,
      firstFrame: from,
      reduction: renderer.meters().reduction,
      scoreHash: hex(scoreHash(score, (bytes) => nodeCrypto.sha256(bytes))),
      ...(take && { take }),
      ...(performance.missing && { missing: performance.missing }),
      stems: (await stems?.close(written.frames)) ?? [],
      sounds: sounding.within(from, from + written.frames),
      failures: failures.all,
      inexact: frozen ? [] : ran.map(({ manifest }) => manifest.name),
      ambient: init.take ? [] : [...new Set([...sounding.ambient].map((path) => path.split('/')[1] ?? path))],
      speed,
    }
  } catch (error) {
    await output.discard()
    await stems?.discard()
    throw error
  } finally {
    await closeAll(runners)
    await processes.close()
  }
}

const now = (): number => performance.now()

async function closeAll(runners: readonly GroupRunner[]): Promise<void> {
  await Promise.all(runners.map((runner) => runner.close()))
}

interface Rendering {
  readonly init: ReplayInit
  readonly performance: Performance
  readonly begun: Begun
  readonly stems: StemFiles | undefined
  readonly from: Frames
  readonly end: Frames
}

function chunksOf({ init, performance, begun, stems, from, end }: Rendering): AsyncGenerator<Chunk, void> {
  const { onProgress, onReport, signal } = init
  let paused = now()
  return renderOffline({
    ...performance.options,
    ...begun,
    from,
    to: end,
    onReport(report) {
      begun.onReport?.(report)
      onReport?.(report)
    },
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
    ...((stems ?? init.onStems) && {
      onStems(all: readonly Stem[], at: Frames) {
        stems?.take(all, at)
        init.onStems?.(all, at)
      },
    }),
    async pause() {
      if (now() - paused < PAUSE_EVERY) return
      await new Promise((resolve) => setImmediate(resolve))
      paused = now()
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

interface Preparing {
  readonly init: Pick<ReplayInit, 'archiveFile' | 'shown' | 'mayRun' | 'take' | 'whatIf'>
  readonly archives: readonly ScoreArchive[]
  /** What is heard in place of processes: then none runs. */
  readonly frozen: Frozen | undefined
}

interface Prepared {
  readonly prepared: ReadonlyMap<BlobId, PreparedGenerator>
  /** What no node starts, for what it holds: whoever plays it does not sound, live as in the score. */
  readonly refused: ReadonlyMap<BlobId, Refusal>
}

/** Of a refusal that is this machine's, or its player's word: another may run the archive. */
const OF_THIS_MACHINE: ReadonlySet<string> = new Set([
  'GENERATOR_NOT_ALLOWED',
  'SANDBOX_MISSING',
  'SANDBOX_FORBIDDEN',
  'SANDBOX_UNSUPPORTED',
])

/** Every archive, before a sample is rendered. */
async function prepareAll({ init, archives, frozen }: Preparing): Promise<Prepared> {
  const prepared = new Map<BlobId, PreparedGenerator>()
  const refused = new Map<BlobId, Refusal>()
  for (const wanted of archives) {
    const { archive, generator } = wanted
    if (prepared.has(archive) || refused.has(archive)) continue
    const file = await init.archiveFile(archive).catch((cause: unknown) => {
      const why = cause instanceof MarmaladeError ? cause.message : 'it cannot be read'
      const message = `${generator} by ${init.shown(wanted)} cannot be replayed: its archive ${archive}: ${why}`
      throw new MarmaladeError('GENERATOR_MISSING', message, { cause })
    })
    const bytes = new Uint8Array(await readFile(file))
    const made = await prepareOne({ init, archive, bytes, file, frozen })
    const isAsked = init.whatIf?.replace.some((one) => one.archive === archive) ?? false
    if (!isRefused(made)) prepared.set(archive, made)
    else if (OF_THIS_MACHINE.has(made.code) || init.take || isAsked)
      throw new MarmaladeError(made.code, `${generator} by ${init.shown(wanted)}: ${made.message}`)
    else refused.set(archive, made)
  }
  return { prepared, refused }
}

async function prepareOne(one: {
  readonly init: Pick<ReplayInit, 'mayRun'>
  readonly archive: BlobId
  readonly bytes: Uint8Array
  readonly file: string
  readonly frozen: Frozen | undefined
}): Promise<PreparedGenerator | Refusal> {
  const { init, archive, bytes, file, frozen } = one
  if (frozen) return prepareAllowed(bytes, file)
  const mayRun = (await init.mayRun?.(archive)) ?? false
  return mayRun ? orWhyNot(prepareAllowed(bytes, file)) : prepareGenerator(bytes)
}
