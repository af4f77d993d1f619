import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SAMPLE_RATE, type Frames } from '../base/index.ts'

/** What the kernel says of a substream that plays. */
export interface SubstreamStatus {
  /** Process id of who opened it. */
  readonly owner: number
  /** When it began or was stopped last: another text each time. */
  readonly triggered: string
  /** Frames that it was given and that have not sounded yet. */
  readonly delay: Frames
  /** Frames that it was given since it was made ready last. */
  readonly given: Frames
}

/** What `/proc/asound/card…/pcm…p/sub…/status` says; undefined where it does not play. */
export function parseStatus(text: string): SubstreamStatus | undefined {
  const fields = new Map([...text.matchAll(/^(\w+)\s*: *(.*)$/gm)].map(([, key = '', value = '']) => [key, value]))
  const [owner, delay, given] = ['owner_pid', 'delay', 'appl_ptr'].map((key) => Number(fields.get(key) ?? NaN))
  const triggered = fields.get('trigger_time')
  if (fields.get('state') !== 'RUNNING' || triggered === undefined) return undefined
  if (!isCount(owner) || !isCount(delay) || !isCount(given)) return undefined
  return { owner, triggered, delay, given }
}

/** Frames a second by `hw_params` beside it; undefined where it is closed. */
export function parseRate(text: string): number | undefined {
  const [, rate] = /^rate: (\d+)/m.exec(text) ?? []
  return rate === undefined ? undefined : Number(rate)
}

const isCount = (value: number | undefined): value is number =>
  value !== undefined && Number.isInteger(value) && value >= 0

interface Init {
  /** Process id of what plays. */
  readonly pid: number
  /** Frames that it hands to ALSA at a time. */
  readonly piece: Frames
  /** Where the kernel tells of sound cards. */
  readonly asound?: string
}

/** A substream is looked for again after so many questions. */
const SEARCH_EVERY = 20
/** What would be longer on its way to a card is not believed: another program's sound, or mixed by ALSA. */
const MOST_ON_THE_WAY: Frames = SAMPLE_RATE

/**
 * How much of what a process was handed has sounded, from what the kernel says of the substream that it opened. Not
 * measured are sound servers (the substream is theirs) and cards at another rate than 48,000 Hz.
 */
export class CardPosition {
  readonly #init: Required<Init>
  #file: string | undefined
  #asked = 0
  /** Frames handed over before those that the substream counts, and the start since which it does. */
  #before: Frames = 0
  #triggered: string | undefined

  constructor(init: Init) {
    this.#init = { asound: '/proc/asound', ...init }
  }

  /** @param handed frames that the process was handed since it was started */
  heard(handed: Frames): Frames | undefined {
    if (this.#file === undefined && this.#asked++ % SEARCH_EVERY === 0) this.#file = this.#find()
    const status = this.#file === undefined ? undefined : this.#statusOf(this.#file)
    if (!status) return undefined
    const { triggered, given, delay } = status
    if (this.#triggered !== undefined && this.#triggered !== triggered) {
      // It had run dry, so nothing else was on its way than what the process keeps for the next piece.
      this.#before = handed - (handed % this.#init.piece) - given
    }
    this.#triggered = triggered
    const heard = this.#before + given - delay
    return handed - heard >= 0 && handed - heard <= MOST_ON_THE_WAY ? heard : undefined
  }

  #find(): string | undefined {
    const { asound } = this.#init
    for (const card of under(asound, /^card\d+$/)) {
      for (const pcm of under(card, /^pcm\d+p$/)) {
        for (const sub of under(pcm, /^sub\d+$/)) {
          const file = join(sub, 'status')
          if (this.#statusOf(file) && parseRate(text(join(sub, 'hw_params'))) === SAMPLE_RATE) return file
        }
      }
    }
    return undefined
  }

  #statusOf(file: string): SubstreamStatus | undefined {
    const status = parseStatus(text(file))
    return status?.owner === this.#init.pid ? status : undefined
  }
}

function under(folder: string, named: RegExp): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => named.test(name))
      .map((name) => join(folder, name))
  } catch {
    return []
  }
}

/** At once, so that it is known when it was true. */
function text(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
