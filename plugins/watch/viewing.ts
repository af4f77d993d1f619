import { isPlayerRef, playerOfRef, SAMPLE_RATE, type Frames, type PlayerId } from '../../lib/base/index.ts'
import type { PluginHost } from '../../lib/host/index.ts'
import type { TagPoint } from '../../lib/jam/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import type { ClockRow, JamsApi, LiveJam } from '../jams/index.ts'
import { nameOf, type Heard, type SoundApi, type SoundStatus } from '../sound/index.ts'
import type { Said, Watched, WatchedFailure, WatchedJam, WatchedPlace, WatchedPlayer, WatchedTag } from './contract.ts'
import { Plays } from './plays.ts'
import { saidBefore, saidIn } from './talk.ts'

/** Of what is new so much is told at once; of more the oldest is left out. */
const MAX_NEW = 32
/** Where no engine tells levels. */
const IDLE_MILLIS = 500

export interface Parts {
  readonly host: Pick<PluginHost, 'connectionTo'>
  readonly feeds: FeedsApi
  readonly jams: JamsApi
  readonly sound: SoundApi
}

/** What one caller sees of a jam: collected anew each time, told as far as it changed. */
export class Viewing {
  readonly #parts: Parts
  readonly #asked: LiveJam | undefined
  /** What was told last of each part. */
  readonly #told = new Map<string, string>()
  readonly #undo: (() => void)[] = []
  #jam: LiveJam | undefined
  #plays: Plays | undefined
  #heard: Heard | undefined
  #unhear: () => void = () => undefined
  #tags = new Map<string, WatchedTag>()
  #talk: Said[] = []
  /** The one that was told last. */
  #failure: SoundStatus['failures'][number] | undefined
  #wake: () => void = () => undefined

  private constructor(parts: Parts, asked: LiveJam | undefined) {
    this.#parts = parts
    this.#asked = asked
    const { feeds, jams } = parts
    this.#undo.push(
      jams.onChange((jam) => {
        if (jam === this.#jam) this.#plays = undefined
      }),
      feeds.store.onChange(({ entries }) => {
        if (!this.#jam) return
        for (const entry of entries) {
          const said = saidIn(this.#jam.jam, entry, this.#shown)
          if (said) this.#talk = [...this.#talk, said].slice(-MAX_NEW)
        }
      }),
    )
  }

  /**
   * @param asked the jam that is watched; the one that sounds, whichever that is, where it is left out
   * @throws what `JamsApi.resolve` throws
   */
  static async open(parts: Parts, asked: string | undefined): Promise<Viewing> {
    return new Viewing(parts, asked === undefined ? undefined : await parts.jams.resolve(asked))
  }

  close(): void {
    this.#unhear()
    for (const undo of this.#undo) undo()
    this.#wake()
  }

  /** Resolves when there are new levels, or so much time has passed that something else may have changed. */
  async changed(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, IDLE_MILLIS)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** What is another than it was told last. */
  async next(): Promise<Watched> {
    const { jams, sound } = this.#parts
    const jam = this.#asked ?? jams.current()
    if (jam !== this.#jam) await this.#begin(jam)
    const sounding = sound.sounding()
    this.#listen(sounding?.jam === jam ? sounding?.heard : undefined)
    if (!jam) return this.#changes({ jam: null })
    const frame = jams.now(jam)
    const parts = this.#collect(jam, frame)
    const fresh = { tags: this.#take(this.#tags), talk: this.#talk, failures: this.#failed() }
    this.#talk = []
    return {
      ...(jam.ledger.start && { place: placeAt(jam, frame) }),
      ...this.#changes(parts),
      ...Object.fromEntries(Object.entries(fresh).filter(([, list]) => list.length > 0)),
    }
  }

  readonly #shown = (player: PlayerId): string => this.#parts.feeds.directory.shown(player)

  async #begin(jam: LiveJam | undefined): Promise<void> {
    this.#jam = jam
    this.#plays = undefined
    this.#told.clear()
    this.#failure = undefined
    this.#talk = jam ? await saidBefore(this.#parts.feeds.store, jam.jam, this.#shown) : []
  }

  /** What is set from now on, and the newest of what was. */
  #listen(heard: Heard | undefined): void {
    if (heard === this.#heard) return
    this.#unhear()
    this.#heard = heard
    this.#tags = new Map()
    this.#unhear = () => undefined
    if (!heard) return
    const { state } = heard
    const globs = ['*/*', '*/*/*/*']
    const before = globs
      .flatMap((glob) => state.match(glob))
      .flatMap((path) => state.last(path).map((point) => ({ path, point })))
    before.sort((a, b) => a.point.frame - b.point.frame)
    for (const { path, point } of before.slice(-MAX_NEW)) this.#tag(path, point)
    const stops = [
      ...globs.map((glob) => state.subscribe(glob, (path, point) => this.#tag(path, point))),
      state.subscribe('local/peak', () => this.#wake()),
    ]
    this.#unhear = () => {
      for (const stop of stops) stop()
    }
  }

  #tag(path: string, { value, frame }: TagPoint): void {
    const [ref = '', ...rest] = path.split('/')
    if (!this.#jam || !isPlayerRef(ref)) return
    const shown = this.#shown(playerOfRef(ref))
    const by = rest.length > 1 ? `${shown}:${rest[1] ?? ''}` : shown
    this.#tags.delete(path)
    const bar = this.#jam.ledger.grid.barOfFrame(frame) + 1
    this.#tags.set(path, { path, by, name: rest.at(-1) ?? '', value, bar })
    const [oldest] = this.#tags.keys()
    if (this.#tags.size > MAX_NEW && oldest !== undefined) this.#tags.delete(oldest)
  }

  #take(tags: Map<string, WatchedTag>): WatchedTag[] {
    const taken = [...tags.values()]
    tags.clear()
    return taken
  }

  #collect(jam: LiveJam, frame: Frames): Watched {
    const { jams, feeds, sound } = this.#parts
    const heard = this.#heard
    const status = sound.status()
    const isHere = heard !== undefined
    const { state, why, sink, underruns, skippedFrames, late, nudge, waitingFor } = status
    const point = jam.ledger.grid.pointAt(Math.max(0, frame))
    const context = heard?.state.last('jam/context').at(-1)?.value
    const { title } = jam.ledger.start?.payload ?? {}
    const named: WatchedJam = {
      jam: jam.jam,
      name: jam.ledger.name,
      shown: this.#shown(jam.ledger.starter),
      ...(title !== undefined && { title }),
      tempo: point.tempo,
      meter: point.meter,
      ended: jam.ledger.end !== undefined && jam.ledger.grid.frameOfTick(jam.ledger.endTick) <= frame,
      ...(context !== undefined && { context: String(context) }),
      clock: rounded(jams.clock(jam)),
    }
    const { master, loudness, reduction = 0, instances, tracks, buses } = status
    this.#plays ??= new Plays(jam, feeds.identity.id, this.#shown)
    const levelled = new Map(isHere ? instances.map(({ path, peak, rms }) => [path, pair({ peak, rms })]) : [])
    const sounding = [...levelled.keys()]
    const rows = this.#plays.rows({ frame, sounding, heard, waitingFor: isHere ? waitingFor : [] })
    return {
      jam: named,
      sound: {
        state: isHere ? state : 'silent',
        ...(why !== undefined && { why }),
        sink,
        underruns,
        skipped: Math.round((skippedFrames / SAMPLE_RATE) * 100) / 100,
        late,
        nudge,
        fetching: waitingFor.length,
      },
      ...(isHere &&
        master && {
          levels: {
            master: pair(master),
            ...(loudness?.momentary !== undefined && { momentary: loudness.momentary }),
            ...(loudness?.integrated !== undefined && { integrated: loudness.integrated }),
            reduction,
            instances: rows.flatMap(({ path }) => {
              const level = levelled.get(path)
              return level ? [level] : []
            }),
            tracks: tracks.map(({ track, ...level }) => ({ track, level: pair(level) })),
            buses: buses.map(({ bus, ...level }) => ({ bus, level: pair(level) })),
          },
        }),
      instances: rows,
      players: this.#players(jam, frame),
      mix: heard?.mix.settings().map(({ target, setting }) => ({ target: nameOf(target), ...setting })) ?? [],
    }
  }

  #players({ ledger: { members, grid } }: LiveJam, frame: Frames): WatchedPlayer[] {
    const tick = Math.max(0, grid.tickOfFrame(frame))
    const self = this.#parts.feeds.identity.id
    const row = (player: PlayerId, standing: WatchedPlayer['standing']): WatchedPlayer => {
      const connection = this.#parts.host.connectionTo(player)
      const link = player === self ? 'self' : connection ? 'linked' : 'away'
      const { roundTrip } = connection ?? {}
      const round = roundTrip === undefined ? {} : { roundTrip: Math.round(roundTrip * 10) / 10 }
      return { player, shown: this.#shown(player), link, standing, ...round }
    }
    const waiting = new Set([...members.waiting, ...members.returning].map(({ player }) => player))
    const standing = (player: PlayerId): WatchedPlayer['standing'] => {
      if (members.countsAt(player, tick)) return 'in'
      return waiting.has(player) ? 'asks' : 'gone'
    }
    const all = [...new Set([...members.everyone, ...waiting])]
    return all.slice(0, MAX_PLAYERS).map((player) => row(player, standing(player)))
  }

  /** Failures that were not told yet. */
  #failed(): WatchedFailure[] {
    const { failures } = this.#parts.sound.status()
    const fresh = failures.slice(this.#failure ? failures.lastIndexOf(this.#failure) + 1 : 0)
    this.#failure = failures.at(-1)
    return fresh.slice(-MAX_NEW).map(({ path, message }) => ({ what: path.split('/').at(-1) ?? '', message }))
  }

  /** Of these parts those that are not as they were told last. */
  #changes(parts: Watched): Watched {
    const changed = Object.entries(parts).filter(([name, part]) => {
      const text = JSON.stringify(part)
      if (this.#told.get(name) === text) return false
      this.#told.set(name, text)
      return true
    })
    return Object.fromEntries(changed)
  }
}

const MAX_PLAYERS = 256

/** To what people read: else it would be told anew each time. */
const rounded = ({ offset, error, ...row }: ClockRow): ClockRow => ({
  ...row,
  ...(offset !== undefined && { offset: Math.round(offset) }),
  ...(error !== undefined && { error: Math.ceil(error) }),
})

const pair = ({ peak, rms }: { readonly peak: number; readonly rms: number }): [number, number] => [
  Math.round(peak * 10_000) / 10_000,
  Math.round(rms * 10_000) / 10_000,
]

/** Counted as musicians do. */
function placeAt({ ledger: { grid } }: LiveJam, frame: Frames): WatchedPlace {
  const now = Math.max(0, frame)
  const bar = grid.barOfTick(grid.tickOfFrame(now))
  const { meter } = grid.pointAt(now)
  const pulses = Number(meter.split('/')[0])
  const start = Math.floor(bar)
  const barMillis = ((grid.frameOfBar(start + 1) - grid.frameOfBar(start)) / SAMPLE_RATE) * 1_000
  return { bar: start + 1, pulse: (bar - start) * pulses + 1, pulses, pulseMillis: barMillis / pulses }
}
