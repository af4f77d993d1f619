import {
  isPlayerRef,
  ownedParts,
  playerOfRef,
  type BlobId,
  type EntryKey,
  type Frames,
  type PlayerId,
} from '../../lib/base/index.ts'
import { handleOf, instanceKey, keyOfInstance, pathOf, type PlayItem } from '../../lib/jam/index.ts'
import type { LiveJam } from '../jams/index.ts'
import type { Heard } from '../sound/index.ts'
import type { WatchedInstance } from './contract.ts'

/** Of those that do not sound yet so many are told. */
const MAX_DUE = 64

interface Play {
  readonly key: EntryKey
  readonly archive: BlobId
  /** Where it was asked for. */
  readonly from: Frames
  /** Where a stop of it stands. */
  readonly until: Frames | undefined
  readonly row: Omit<WatchedInstance, 'state' | 'from' | 'until'>
}

interface Now {
  readonly frame: Frames
  /** Paths of what sounds. */
  readonly sounding: readonly string[]
  readonly heard: Heard | undefined
  readonly waitingFor: readonly BlobId[]
}

/** The plays of a jam that count, as they stood when it was made. */
export class Plays {
  readonly #jam: LiveJam
  readonly #self: PlayerId
  readonly #shown: (player: PlayerId) => string
  readonly #plays: ReadonlyMap<string, Play>

  constructor(jam: LiveJam, self: PlayerId, shown: (player: PlayerId) => string) {
    this.#jam = jam
    this.#self = self
    this.#shown = shown
    const { ledger } = jam
    const plays: PlayItem[] = []
    const tracks = new Map<string, string>()
    const stops = new Map<string, Frames>()
    for (const item of ledger.items()) {
      if (item.kind === 'generator') {
        const { archive, description } = item.payload
        if (description?.track !== undefined) tracks.set(`${item.identity} ${archive}`, description.track)
      } else if (item.kind === 'play') {
        if (ledger.refuse(item) === undefined) plays.push(item)
      } else if (item.kind === 'stop' && ledger.refuse(item) === undefined) {
        const key = keyOfInstance(ledger.targetOf(item))
        stops.set(key, Math.min(stops.get(key) ?? Infinity, ledger.grid.frameOfTick(item.payload.at)))
      }
    }
    this.#plays = new Map(
      plays.map((play) => {
        const { identity, key, payload } = play
        const path = pathOf(play)
        const track = tracks.get(`${identity} ${payload.archive}`)
        const row = {
          ...this.#named(path, identity),
          name: handleOf(play),
          generator: ownedParts(payload.generator).name,
          ...(track !== undefined && { track }),
        }
        const from = ledger.grid.frameOfTick(payload.at)
        return [
          path,
          { key, archive: payload.archive, from, until: stops.get(instanceKey(identity, payload.instance)), row },
        ]
      }),
    )
  }

  /** What sounds, by track and player; then what is to come, the soonest first. */
  rows({ frame, sounding, heard, waitingFor }: Now): WatchedInstance[] {
    const now = sounding.map((path): WatchedInstance => {
      const play = this.#plays.get(path)
      return { ...(play?.row ?? this.#unknown(path)), state: 'sounds', ...this.#bar('until', play?.until) }
    })
    now.sort((a, b) => compare(sortKey(a), sortKey(b)))
    const ahead: { readonly at: Frames; readonly row: WatchedInstance }[] = []
    const sounds = new Set(sounding)
    for (const [path, { key, archive, from, until = Infinity, row }] of this.#plays) {
      const due = heard?.due(key)
      const at = due?.frame ?? from
      if (sounds.has(path) || due?.moot !== undefined || until <= Math.max(at, frame)) continue
      const state = waitingFor.includes(archive) ? 'fetching' : 'due'
      if (at > frame || state === 'fetching') ahead.push({ at, row: { ...row, state, ...this.#bar('from', at) } })
    }
    ahead.sort((a, b) => a.at - b.at)
    return [...now, ...ahead.slice(0, MAX_DUE).map(({ row }) => row)]
  }

  #bar<K extends 'from' | 'until'>(name: K, frame: Frames | undefined): Partial<Record<K, number>> {
    const bar: Partial<Record<K, number>> = {}
    if (frame !== undefined && Number.isFinite(frame)) bar[name] = this.#jam.ledger.grid.barOfFrame(frame) + 1
    return bar
  }

  /** What is played here alone, and of no entry. */
  #unknown(path: string): Play['row'] {
    const [ref = '', generator = '', name = ''] = path.split('/')
    return { ...this.#named(path, isPlayerRef(ref) ? playerOfRef(ref) : this.#self), name, generator }
  }

  #named(path: string, player: PlayerId): Pick<WatchedInstance, 'path' | 'player' | 'shown' | 'own'> {
    return { path, player, shown: this.#shown(player), own: player === this.#self }
  }
}

/** Instances without a track come last. */
const sortKey = ({ track, shown, name }: WatchedInstance): string => [track ?? '\uFFFF', shown, name].join('\n')

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
