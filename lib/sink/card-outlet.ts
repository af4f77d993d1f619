import { SAMPLE_RATE, type Frames, type Millis } from '../base/index.ts'
import { fadeIn, fadeOut, FADE_FRAMES } from '../mix/index.ts'
import { Drift } from './drift.ts'
import { reasonOf, type Outlet, type OutletInit, type Place } from './outlet.ts'
import { SLIP_LEAST, slipped } from './slip.ts'
import type { CardTiming } from './types.ts'

/** A card this far behind the jam has its past dropped. 300 ms. */
export const SKIP_FRAMES: Frames = 14_400
/** What is left to play of it then: 100 ms. */
export const KEPT_FRAMES: Frames = 4_800
/** A card that was lost is tried again after these, the last one repeated. */
export const RETRIES: readonly Millis[] = [1_000, 2_000, 5_000, 15_000]
/** One that played for so long counts as sound again: the next loss is followed by the first of these. */
const SOUND_MILLIS: Millis = 30_000
/** Its position is measured at every so many looks: with one in 10 ms, 20 times a second. */
const MEASURE_EVERY = 5
/** At most one slip in so many frames, so that pitch changes by 0.2 % at most: as fast as a change of the pace. */
const SLIP_EVERY: Frames = 480
/** No longer silence is put in. */
const MOST_SILENCE: Frames = 2 * SAMPLE_RATE

const millis = (frames: Frames): Millis => (frames * 1_000) / SAMPLE_RATE

/**
 * A card: never holds up the pump. One whose position can be measured is kept in time by slips of one frame. What it has
 * not taken waits in a queue; where that grows past 300 ms the past is dropped with a crossfade of 5 ms. One that dies is
 * tried again; meanwhile the jam goes on silently.
 */
export class CardOutlet implements Outlet {
  readonly #init: OutletInit
  #queue: Float32Array[] = []
  #queued: Frames = 0
  /** Jam frame of the queue's first. */
  #head: Frames = 0
  #state: 'closed' | 'opening' | 'open' | 'lost' = 'closed'
  #work: Promise<void> = Promise.resolve()
  #writing = false
  #retryAt: Millis = Infinity
  #retries = 0
  #openedAt: Millis = 0
  readonly #drift = new Drift()
  /** Frames that it was given since it was opened, and the pump's count after the last of them. */
  #given: Frames = 0
  #moved: Frames = 0
  #looks = 0
  #slips = 0
  #sinceSlip: Frames = 0
  /** Its last frame, and whether what comes next is faded in. */
  #last: readonly [left: number, right: number] = [0, 0]
  #fresh = false

  constructor(init: OutletInit) {
    this.#init = init
  }

  async open(): Promise<void> {
    this.#state = 'opening'
    const { sink, clock, onState } = this.#init
    try {
      await sink.open()
      this.#state = 'open'
      this.#openedAt = clock.monotonic()
      this.#given = 0
      this.#fresh = false
      this.#drift.reset()
      onState({ state: 'open', name: sink.name })
    } catch (error) {
      await this.#lose(error)
    }
  }

  async push(samples: Float32Array, { frame, moved }: Place): Promise<void> {
    if (this.#state !== 'open') return
    const frames = samples.length / 2
    this.#sinceSlip += frames
    this.#moved = moved + frames
    this.#put(this.#inTime(samples), frame)
    if (this.#queued > SKIP_FRAMES) this.#skip()
  }

  look(due: Frames): void {
    if (this.#state === 'open') this.#measure(due)
    if (this.#state !== 'lost' || this.#init.clock.monotonic() < this.#retryAt) return
    this.#state = 'opening'
    this.#work = this.#work.then(() => this.open())
  }

  hold(frames: Frames): void {
    if (this.#state !== 'open' || this.#given === 0) return
    const silence = new Float32Array(Math.min(frames, MOST_SILENCE) * 2)
    for (let i = 0; i < Math.min(FADE_FRAMES, silence.length / 2); i++) {
      for (const [side, last] of this.#last.entries()) silence[2 * i + side] = last * fadeOut(i)
    }
    this.#put(silence, this.#head + this.#queued)
    this.#fresh = true
    this.#drift.reset()
  }

  timing(lead: Frames): CardTiming | undefined {
    const { name, latency } = this.#init.sink
    if (latency === undefined || this.#state !== 'open') return undefined
    const measured = this.#drift.late(this.#left)
    const late = measured ?? Math.max(0, latency - lead)
    const after = measured === undefined ? latency : lead + measured
    const isMeasured = measured !== undefined
    return { name, latency: millis(after), measured: isMeasured, late: millis(late), slips: this.#slips }
  }

  async close(): Promise<void> {
    await this.#work
    const { sink, onState } = this.#init
    if (this.#state !== 'open') return
    this.#state = 'closed'
    await sink.close().catch(() => undefined)
    onState({ state: 'closed', name: sink.name })
  }

  /** Frames of the mix that were left out on the way to the card. */
  get #left(): Frames {
    return this.#moved - this.#given
  }

  #measure(due: Frames): void {
    if (this.#looks++ % MEASURE_EVERY !== 0 || !Number.isFinite(due)) return
    const heard = this.#init.sink.position?.()
    if (heard === undefined) this.#drift.reset()
    else this.#drift.note(due, heard)
  }

  /** The samples as the card is to have them: one frame less or more where it is late or early. */
  #inTime(samples: Float32Array): Float32Array {
    const kept = samples.slice()
    if (this.#fresh) fade(kept)
    this.#fresh = false
    const mayNot = samples.length / 2 < SLIP_LEAST || this.#sinceSlip < SLIP_EVERY
    // What is given now is in both counts, or in neither.
    const by = mayNot ? 0 : this.#drift.slip(this.#left - samples.length / 2)
    if (by === 0) return kept
    this.#sinceSlip = 0
    this.#slips++
    return slipped(kept, by)
  }

  #put(samples: Float32Array, frame: Frames): void {
    if (this.#queue.length === 0) this.#head = frame
    this.#queue.push(samples)
    this.#queued += samples.length / 2
    this.#given += samples.length / 2
    this.#last = [samples.at(-2) ?? 0, samples.at(-1) ?? 0]
    if (this.#writing) return
    this.#writing = true
    this.#work = this.#write().finally(() => {
      this.#writing = false
    })
  }

  async #write(): Promise<void> {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      this.#queued -= next.length / 2
      this.#head += next.length / 2
      try {
        await this.#init.sink.write(next)
      } catch (error) {
        await this.#lose(error)
        return
      }
    }
  }

  /** Drops all but the newest; what would have come next is faded into what comes now. */
  #skip(): void {
    const dropped = this.#queued - KEPT_FRAMES
    const all = new Float32Array(this.#queued * 2)
    let at = 0
    for (const samples of this.#queue) {
      all.set(samples, at)
      at += samples.length
    }
    const kept = all.slice(dropped * 2)
    for (let i = 0; i < FADE_FRAMES; i++) {
      const weight = fadeIn(i)
      for (const side of [2 * i, 2 * i + 1]) {
        kept[side] = (kept[side] ?? 0) * weight + (all[side] ?? 0) * (1 - weight)
      }
    }
    this.#init.onSkip(this.#head, dropped)
    this.#queue = [kept]
    this.#queued = KEPT_FRAMES
    this.#given -= dropped
    this.#head += dropped
  }

  async #lose(error: unknown): Promise<void> {
    const { sink, clock, onState } = this.#init
    const now = clock.monotonic()
    if (this.#state === 'open' && now - this.#openedAt >= SOUND_MILLIS) this.#retries = 0
    const retryMillis = RETRIES[Math.min(this.#retries, RETRIES.length - 1)] ?? 0
    this.#retries++
    this.#retryAt = now + retryMillis
    this.#state = 'lost'
    this.#queue = []
    this.#queued = 0
    onState({ state: 'lost', name: sink.name, why: reasonOf(error), retryMillis })
    await sink.close().catch(() => undefined)
  }
}

/** From silence, where it begins. */
function fade(samples: Float32Array): void {
  for (let i = 0; i < Math.min(FADE_FRAMES, samples.length / 2); i++) {
    for (const at of [2 * i, 2 * i + 1]) samples[at] = (samples[at] ?? 0) * fadeIn(i)
  }
}
