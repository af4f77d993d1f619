import { refOf, SAMPLE_RATE, type BlobId, type EntryKey, type Frames } from '../base/index.ts'
import { itemsOf, pathOf, type JamItem, type LateReason, type PlayItem, type TakeRecord } from '../jam/index.ts'
import type { Difference, Side } from './difference.ts'
import type { PerformanceInit } from './performance.ts'

/** Why something is heard otherwise, as far as a take tells. */
export interface Reason {
  readonly side: Side
  readonly kind: 'late' | 'absent' | 'ended' | 'mix'
  /** Jam frame; undefined of what never was. */
  readonly frame: Frames | undefined
  readonly text: string
}

/** Reasons that are told of one thing on one side. */
const MOST = 8

const LATE: Readonly<Record<LateReason, string>> = {
  entry: 'its entry came late',
  archive: 'its archive came late',
  grid: 'the tempo had moved',
  join: 'the session began in the middle',
}

/**
 * What the take of a side, if it is one, tells of an instance that the score would not have; nothing of returns and the
 * mix. The entries are read once, for every instance that is asked for.
 */
export function reasoning(
  side: Side,
  { score, entries, take }: PerformanceInit,
): (of: Difference) => readonly Reason[] {
  if (!take) return () => []
  const items = itemsOf(score.jam, entries)
  return ({ path, track }) => {
    if (!path.includes('/')) return []
    const told = new Told(path, track, items)
    const reasons = take.records.flatMap((record) => told.of(record))
    const all = told.started ? reasons : [told.absence(take.records), ...reasons]
    return all.slice(0, MOST).map((reason) => ({ side, ...reason }))
  }
}

type Untold = Omit<Reason, 'side'>

class Told {
  started = false
  readonly #path: string
  readonly #track: string | undefined
  readonly #play: PlayItem | undefined
  /** Stops and params of the instance, by key. */
  readonly #own = new Map<EntryKey, string>()

  constructor(path: string, track: string | undefined, items: readonly JamItem[]) {
    this.#path = path
    this.#track = track
    this.#play = items.find((item): item is PlayItem => item.kind === 'play' && pathOf(item) === path)
    for (const item of items) {
      if (item.kind !== 'stop' && item.kind !== 'param') continue
      if (item.identity === this.#play?.identity && item.payload.instance === this.#play.payload.instance)
        this.#own.set(item.key, item.kind)
    }
  }

  of(record: TakeRecord): readonly Untold[] {
    switch (record.kind) {
      case 'started':
        if (record.path !== this.#path) return []
        this.started = true
        return record.late ? [late(record.frame, 'started', record.late)] : []
      case 'applied': {
        const what = this.#own.get(record.key)
        return what !== undefined && record.late ? [late(record.frame, `a ${what}`, record.late)] : []
      }
      case 'failed':
        if (record.path !== this.#path) return []
        return [{ kind: 'ended', frame: record.frame, text: `ended: ${record.code}` }]
      case 'ended':
        if (record.path !== this.#path || record.reason !== 'withdrawn') return []
        return [{ kind: 'ended', frame: record.frame, text: 'ended: its entry was withdrawn' }]
      case 'mix':
        return this.#mix(record)
      default:
        return []
    }
  }

  /** Why it never started. */
  absence(records: readonly TakeRecord[]): Untold {
    const why = (text: string): Untold => ({ kind: 'absent', frame: undefined, text: `not heard: ${text}` })
    const play = this.#play
    if (!play) return why('no entry plays it')
    if (!records.some((record) => record.kind === 'observed' && record.keys.includes(play.key)))
      return why('its entry never came')
    const { archive } = play.payload
    return why(records.some(isReady(archive)) ? 'it was over, or the session was' : 'its archive was missing')
  }

  #mix({ frame, target, setting }: Extract<TakeRecord, { kind: 'mix' }>): readonly Untold[] {
    const mine =
      (target.kind === 'instance' && target.path === this.#path) ||
      (target.kind === 'track' && target.track === this.#track) ||
      (target.kind === 'player' && this.#play !== undefined && target.player === refOf(this.#play.identity))
    if (!mine) return setting.solo === true ? [{ kind: 'mix', frame, text: 'another was soloed' }] : []
    const { mute, solo, gain, pan } = setting
    const words = [
      ...(mute === undefined ? [] : [mute ? 'muted' : 'unmuted']),
      ...(solo === undefined ? [] : [solo ? 'soloed' : 'solo ended']),
      ...(gain === undefined ? [] : [`gain ${gain} dB`]),
      ...(pan === undefined ? [] : [`pan ${pan}`]),
    ]
    return words.length === 0 ? [] : [{ kind: 'mix', frame, text: words.join(', ') }]
  }
}

const isReady =
  (archive: BlobId) =>
  (record: TakeRecord): boolean =>
    record.kind === 'archive' && record.archive === archive

const late = (frame: Frames, what: string, { by, reason }: { by: Frames; reason: LateReason }): Untold => ({
  kind: 'late',
  frame,
  text: `${what} ${(by / SAMPLE_RATE).toFixed(2)} s late: ${LATE[reason]}`,
})
