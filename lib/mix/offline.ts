import { BLOCK, MarmaladeError, type Frames } from '../base/index.ts'
import type { VoiceFailure } from '../generators/index.ts'
import { TAIL_FRAMES } from './constants.ts'
import type { Renderer } from './renderer.ts'
import type { QuantumReport, Stem } from './types.ts'

/** Quanta in a chunk: 8,192 frames, a sixth of a second. */
const QUANTA = 64

export interface OfflineOptions {
  /** Fresh, at frame 0 (or wherever the take begins), with every archive prepared. */
  readonly renderer: Renderer
  /** First frame that is given; everything before it is rendered and dropped, so that a part is a part of the whole. */
  readonly from?: Frames
  /** The end of the score, or an earlier place to stop at: there everything is stopped; tails of up to 8 s follow. */
  readonly to: Frames
  /** At `to` everything is stopped and rings on, or the render is cut off there, as a session was that was closed. */
  readonly close?: 'with tails' | 'cut'
  /** Failures that are an error here: by default those that this machine alone has, since all others are part of the score. */
  readonly refuse?: 'of this machine' | 'any failure' | 'nothing'
  /** Called before the quantum at a frame: what it tells the renderer there takes effect in it. */
  readonly before?: (frame: Frames) => void
  /** Called after each chunk with the frames rendered so far; `of` is `to`. */
  readonly onProgress?: (frames: Frames, of: Frames) => void
  readonly onReport?: (report: QuantumReport) => void
  /** Stems of each quantum, views that hold only during the call; `at` is its first frame, whole quanta always. */
  readonly onStems?: (stems: readonly Stem[], at: Frames) => void
  readonly signal?: AbortSignal
  /** Lets others have the thread between chunks. */
  readonly pause?: () => Promise<void>
}

/** Planar stereo float32 of consecutive frames. */
export interface Chunk {
  /** Jam frame of the first sample. */
  readonly at: Frames
  readonly left: Float32Array
  readonly right: Float32Array
}

/**
 * Renders as fast as it can from the first frame, and gives what lies at `from` and after, to the end of the last tail:
 * the multiple of 128 by which everything has ended, at most 8 s and a fade after `to`.
 * @throws MarmaladeError CANCELLED on the signal; INTERNAL where a rendering thread died or did not answer; as `refuse` says MIX_REFUSED
 * where an instance does not start, and a failure's own code, both naming the instance
 */
export async function* renderOffline(options: OfflineOptions): AsyncGenerator<Chunk, void> {
  const { renderer, to, from = 0, close, onProgress, signal, pause } = options
  const last = close === 'cut' ? to : to + TAIL_FRAMES + 2 * BLOCK
  while (!ended(renderer, to, last)) {
    if (signal?.aborted) throw new MarmaladeError('CANCELLED', 'the render was given up')
    const chunk = shortened(renderChunk(options, last), close === 'cut' ? to : Infinity)
    onProgress?.(Math.min(renderer.frame, to), to)
    const skipped = Math.min(Math.max(0, from - chunk.at), chunk.left.length)
    if (skipped < chunk.left.length) {
      yield { at: chunk.at + skipped, left: chunk.left.subarray(skipped), right: chunk.right.subarray(skipped) }
    }
    await pause?.()
  }
}

const ended = (renderer: Renderer, to: Frames, last: Frames): boolean =>
  renderer.frame >= last || (renderer.frame >= to && renderer.silent)

function shortened(chunk: Chunk, to: Frames): Chunk {
  const frames = to - chunk.at
  if (frames >= chunk.left.length) return chunk
  return { at: chunk.at, left: chunk.left.subarray(0, frames), right: chunk.right.subarray(0, frames) }
}

function renderChunk(options: OfflineOptions, last: Frames): Chunk {
  const { renderer, to, from = 0, close, before, onReport, onStems } = options
  const at = renderer.frame
  const left = new Float32Array(QUANTA * BLOCK)
  const right = new Float32Array(QUANTA * BLOCK)
  let frames = 0
  while (frames < left.length && !ended(renderer, to, last)) {
    before?.(renderer.frame)
    const first = renderer.frame
    if (close !== 'cut' && first <= to && to < first + BLOCK) renderer.stopAll(to)
    const report = renderer.renderQuantum(left.subarray(frames, frames + BLOCK), right.subarray(frames, frames + BLOCK))
    // How long a thread may take is the machine's affair: what it did not give must not pass for the jam's sound.
    if (renderer.lost !== undefined) throw new MarmaladeError('INTERNAL', `the render cannot go on: ${renderer.lost}`)
    complain(report, options.refuse ?? 'of this machine')
    onReport?.(report)
    if (first + BLOCK > from) onStems?.(renderer.stems(), first)
    frames += BLOCK
  }
  return { at, left: left.subarray(0, frames), right: right.subarray(0, frames) }
}

/** Of a failure that another machine would not have, or not there. */
const OF_THIS_MACHINE: ReadonlySet<VoiceFailure['code']> = new Set([
  'GENERATOR_TOO_SLOW',
  'GENERATOR_NO_MEMORY',
  'GENERATOR_NOT_ALLOWED',
])

/** What in a replay may not pass silently. */
function complain({ events }: QuantumReport, refuse: NonNullable<OfflineOptions['refuse']>): void {
  if (refuse === 'nothing') return
  const isMine = (mine: boolean): boolean => mine || refuse === 'any failure'
  for (const event of events) {
    if (event.kind === 'refused' && isMine(event.by === 'machine'))
      throw new MarmaladeError('MIX_REFUSED', `${event.path} cannot be started: ${event.message}`)
    if (event.kind === 'failed' && isMine(OF_THIS_MACHINE.has(event.failure.code)))
      throw new MarmaladeError(event.failure.code, `${event.path} failed: ${event.failure.message}`)
  }
}
