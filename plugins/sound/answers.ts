import { refusal, type Refusal } from '../../lib/base/index.ts'
import type { PlacedItem, PlayItem } from '../../lib/jam/index.ts'
import type { GeneratorsApi } from '../generators/index.ts'
import type { LiveJam, PlayAnswer } from '../jams/index.ts'
import type { Archives } from './archives.ts'
import type { Due, Heard } from './heard.ts'

/** How long it may take until it is known from where on an entry holds: less than who asks waits for the answer. */
const KNOWN_MILLIS = 1_800
const FETCHING: PlayAnswer = { fetching: true, percent: 0 }

interface Parts {
  readonly jam: LiveJam
  readonly heard: Heard
  readonly archives: Archives
  readonly generators: Pick<GeneratorsApi, 'atHand'>
}

/** Says of entries from where on they will be heard here, as the engine has told it. */
export class Answers {
  readonly #parts: Parts
  readonly #listeners = new Set<() => void>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** More is known: whoever waits looks again. */
  look(): void {
    for (const listener of this.#listeners) listener()
  }

  /** From where on an entry will be heard, as soon as that is known; why not, where nothing of it is. */
  async of(item: PlacedItem): Promise<PlayAnswer> {
    const { jam } = this.#parts
    const due = await this.#due(item)
    const play = playOf(jam, item)
    const lacking = play && (await this.#lacking(play))
    if (lacking) return lacking
    if (!due) {
      if (item.kind === 'play') return FETCHING
      return refusal('NOT_SOUNDING', 'its engine has not said in time from where on')
    }
    if (due.moot !== undefined) return whyMoot(item, due.moot)
    return { startsAt: { bar: jam.ledger.grid.barOfFrame(due.frame) + 1, frame: due.frame } }
  }

  /** What is said where the archive of a play keeps it from being heard. */
  async #lacking({ payload: { archive } }: PlayItem): Promise<PlayAnswer | undefined> {
    const { archives, heard, generators } = this.#parts
    const state = archives.stateOf(archive)
    if (state === 'refused') {
      const failure = heard.failures.findLast(({ path }) => path === archive)
      return {
        code: failure?.code ?? 'ARCHIVE_CORRUPT',
        message: failure?.message ?? 'its archive cannot be played here',
      }
    }
    // What is here and not handed over yet need not be fetched.
    const isHere = state !== 'fetching' || (await generators.atHand(archive)) !== undefined
    return isHere ? undefined : FETCHING
  }

  /** What the engine says of an entry, waited for a little. */
  async #due({ key }: PlacedItem): Promise<Due | undefined> {
    const { heard } = this.#parts
    const known = heard.due(key)
    if (known) return known
    return new Promise((resolve) => {
      const look = (): void => {
        if (heard.due(key)) settle()
      }
      const settle = (): void => {
        clearTimeout(timer)
        this.#listeners.delete(look)
        resolve(heard.due(key))
      }
      const timer = setTimeout(settle, KNOWN_MILLIS)
      this.#listeners.add(look)
    })
  }
}

/** The play whose sound an entry is about: a stop needs none, for what cannot be heard is silent. */
function playOf({ ledger }: LiveJam, item: PlacedItem): PlayItem | undefined {
  if (item.kind === 'play') return item
  if (item.kind !== 'param') return undefined
  const { player, instance } = ledger.targetOf(item)
  return ledger.playOf(player, instance)
}

function whyMoot(item: PlacedItem, moot: NonNullable<Due['moot']>): Refusal {
  if (moot === 'superseded') return refusal('SUPERSEDED', 'a newer one holds there')
  const what = item.kind === 'stop' || item.kind === 'param' ? item.payload.instance : 'it'
  return refusal('INSTANCE_OVER', `${what} is over by then`)
}
