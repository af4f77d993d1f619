import type { BlobId, Frames, Name, PlayerId, Ticks } from '../base/index.ts'
import type { EndReason, Lateness } from './events.ts'
import { instanceKey, type InstanceKey, type ParamItem, type PlayItem, type StopItem } from './items.ts'
import { nextBoundary } from './on.ts'
import { compareScore } from './order.ts'
import { pathOf } from './score.ts'
import { Track, type ParamDefaults, type StartParam } from './track.ts'
import type { StartCommand } from './types.ts'
import { RANK } from './wakes.ts'
import { instanceOf, specOf, type StageParts, type Window } from './window.ts'

const NO_DEFAULTS: ParamDefaults = {}

/** Aims, starts and ends instances. */
export class Stage {
  readonly #parts: StageParts
  readonly #tracks = new Map<InstanceKey, Track>()
  readonly #archives = new Map<BlobId, ParamDefaults>()
  readonly #stalled = new Set<Track>()

  constructor(parts: StageParts) {
    this.#parts = parts
  }

  trackOf(player: PlayerId, instance: Name): Track {
    const key = instanceKey(player, instance)
    let track = this.#tracks.get(key)
    if (!track) this.#tracks.set(key, (track = new Track(player, instance)))
    return track
  }

  #trackNamed(item: StopItem): Track {
    const { player, instance } = this.#parts.ledger.targetOf(item)
    return this.trackOf(player, instance)
  }

  defaultsOf(track: Track): ParamDefaults {
    return (track.play && this.#archives.get(track.play.payload.archive)) ?? NO_DEFAULTS
  }

  /** An archive is unpacked and its generator ready to start. */
  archiveReady(blob: BlobId, defaults: ParamDefaults): void {
    this.#archives.set(blob, defaults)
  }

  isReady(blob: BlobId): boolean {
    return this.#archives.has(blob)
  }

  /** An archive counts as not there. */
  archiveForbidden(blob: BlobId): void {
    this.#archives.delete(blob)
  }

  /** A play counts: aims its start. An id that has started never starts again. */
  addPlay(play: PlayItem, window: Window): void {
    const track = this.trackOf(play.identity, play.payload.instance)
    if (track.state !== 'waiting') return
    const { grid } = this.#parts.ledger
    const { at, when } = play.payload
    const passed = grid.frameOfTick(at) < window.from
    track.play = play
    track.path = pathOf(play)
    if (play.carried) this.#cutByWhatReplaced(track)
    track.late = passed ? (window.first ? 'join' : 'entry') : undefined
    track.heldAt = when && passed && window.first ? this.#parts.heldBefore(play, window) : undefined
    this.#aim(track, play, this.#placeOf(track, play, window))
  }

  /** What a fork carries on may come after a play of the starter has taken its place. */
  #cutByWhatReplaced(track: Track): void {
    const { grid } = this.#parts.ledger
    for (const other of this.#tracks.values()) {
      const target = other.state === 'waiting' || !other.play ? undefined : this.#parts.ledger.targetOf(other.play)
      if (target?.player !== track.player || target.instance !== track.instance) continue
      track.cut = { tick: Math.floor(grid.tickOfFrame(other.startFrame)), reason: 'replaced' }
    }
  }

  /** Where a play that has not started stands to start: at its own tick, or by lines that lie ahead of `from`. */
  #placeOf(track: Track, play: PlayItem, window: Window): Ticks {
    const { at, on } = play.payload
    const late = track.late !== undefined && track.late !== 'join'
    const tick = late ? nextBoundary(this.#parts.ledger.grid, on, window.from) : (track.heldAt ?? at)
    return this.#waits(track, play) ? this.#barFrom(tick, window) : tick
  }

  /** The lines of bars and beats may have moved: aims again what waits for one. */
  gridChanged(window: Window): void {
    for (const track of this.#tracks.values()) {
      const { play, target } = track
      if (track.state !== 'waiting' || !play || target === undefined) continue
      const tick = this.#placeOf(track, play, window)
      if (tick !== target) this.#aim(track, play, tick)
    }
  }

  #waits(track: Track, play: PlayItem): boolean {
    return play.payload.when !== undefined && track.heldAt === undefined
  }

  /** The first bar line at or after a tick that is not rendered yet. */
  #barFrom(tick: Ticks, window: Window): Ticks {
    const { grid } = this.#parts.ledger
    const line = grid.tickOfBar(Math.ceil(grid.barOfTick(tick)))
    return grid.frameOfTick(line) < window.from ? nextBoundary(grid, 'bar', window.from) : line
  }

  #aim(track: Track, play: PlayItem, tick: Ticks): void {
    track.target = tick
    this.#parts.wakes.push({ tick, rank: RANK.start, position: play, track })
    const { grid } = this.#parts.ledger
    const waiting = !this.#archives.has(play.payload.archive)
      ? ({ waiting: 'archive' } as const)
      : this.#waits(track, play)
        ? ({ waiting: 'tag' } as const)
        : {}
    const frame = grid.frameOfTick(tick)
    const end = track.endedBy(frame, this.#parts.ledger)
    this.#parts.log.add({ kind: 'due', key: play.key, frame, ...waiting, ...(end && { over: end.reason }) })
  }

  /** Why nothing comes of a stop or param at a frame: its instance is over by then. */
  overBy(item: StopItem | ParamItem, frame: Frames): EndReason | undefined {
    const { player, instance } = this.#parts.ledger.targetOf(item)
    return this.#tracks.get(instanceKey(player, instance))?.endedBy(frame, this.#parts.ledger)?.reason
  }

  /** A play counts no more: what sounds stops, what waits is forgotten. */
  dropPlay(play: PlayItem, window: Window): void {
    const track = this.trackOf(play.identity, play.payload.instance)
    if (track.play !== play) return
    if (track.state === 'waiting') {
      track.play = undefined
      track.target = undefined
      return
    }
    track.cut = { tick: Math.floor(this.#parts.ledger.grid.tickOfFrame(window.from)), reason: 'withdrawn' }
    this.#watchEnd(track)
  }

  addStop(item: StopItem): void {
    const track = this.#trackNamed(item)
    track.addStop(item)
    this.#watchEnd(track)
  }

  dropStop(item: StopItem): void {
    this.#trackNamed(item).removeStop(item)
  }

  /** Looks again at what ends each instance: somebody left, was removed or came back. */
  membersChanged(): void {
    for (const track of this.#tracks.values()) this.#watchEnd(track)
  }

  #watchEnd(track: Track): void {
    if (track.state !== 'sounding' || !track.play) return
    const end = track.endOf(this.#parts.ledger.members)
    if (end) this.#parts.wakes.push({ tick: end.tick, rank: RANK.end, position: track.play, track })
  }

  /** Aims plays whose archive came after their start at the next boundary of their unit. */
  resume(window: Window): void {
    for (const track of this.#stalled) {
      const { play } = track
      if (play && !this.#archives.has(play.payload.archive)) continue
      this.#stalled.delete(track)
      if (!play || track.state !== 'waiting' || track.target !== undefined) continue
      this.#aim(track, play, this.#placeOf(track, play, window))
    }
  }

  /** The start of a track is due, if it still stands at this tick. */
  start(track: Track, tick: Ticks, frame: Frames, window: Window): void {
    const { play, path } = track
    if (track.state !== 'waiting' || track.target !== tick || !play || !path) return
    const { grid } = this.#parts.ledger
    const end = track.endedBy(frame, this.#parts.ledger)
    if (end) {
      track.state = 'over'
      this.#parts.log.add({ kind: 'skipped', key: play.key, path, reason: end.reason })
      return
    }
    if (grid.frameOfTick(tick) < window.from && !window.first) {
      track.late ??= 'grid'
      this.#aim(track, play, this.#placeOf(track, play, window))
      return
    }
    if (this.#waits(track, play) && !this.#holds(track, play, tick, frame)) return
    if (this.#archives.has(play.payload.archive)) {
      this.#begin(track, play, frame, window)
      return
    }
    if (track.late !== 'entry') track.late = 'archive'
    track.target = undefined
    this.#stalled.add(track)
  }

  /** Whether what a play waits for holds; where not, it waits for the next bar line. */
  #holds(track: Track, play: PlayItem, tick: Ticks, frame: Frames): boolean {
    const { when } = play.payload
    if (!when || this.#parts.newest(when.name, frame) === when.value) {
      track.heldAt = tick
      return true
    }
    const { grid } = this.#parts.ledger
    const next = grid.tickOfBar(Math.floor(grid.barOfTick(tick)) + 1)
    track.target = next
    this.#parts.wakes.push({ tick: next, rank: RANK.start, position: play, track })
    return false
  }

  /**
   * What of some archives starts in [from, to) as things stand, by frame, then in score order: of the 256 starts of any archive that come
   * next. What waits for a tag or for its archive is not among it.
   */
  expected({ from, to }: Pick<Window, 'from' | 'to'>, isOf: (archive: BlobId) => boolean): readonly StartCommand[] {
    const { wakes, ledger } = this.#parts
    const { grid, endTick } = ledger
    const expected: StartCommand[] = []
    for (const { track, tick } of wakes.starts(grid, to, endTick)) {
      const { play, state, target } = track
      const frame = grid.frameOfTick(tick)
      if (!play || state !== 'waiting' || target !== tick || frame < from || !isOf(play.payload.archive)) continue
      if (!this.#archives.has(play.payload.archive) || this.#waits(track, play)) continue
      if (track.endedBy(frame, ledger)) continue
      expected.push(startOf(track, play, frame, track.paramsAt(frame, this.defaultsOf(track))))
    }
    return expected.sort((a, b) => a.frame - b.frame || compareScore(a.spec.order, b.spec.order))
  }

  #begin(track: Track, play: PlayItem, frame: Frames, window: Window): void {
    const { log } = this.#parts
    const stands = track.heldAt ?? play.payload.at
    track.state = 'sounding'
    track.startFrame = frame
    const path = pathOf(play)
    const params = track.paramsAt(frame, this.defaultsOf(track))
    window.out.push(startOf(track, play, frame, params))
    for (const { name, ramp } of params) if (ramp) window.out.push({ kind: 'param', frame, path, name, ...ramp })
    log.add({ kind: 'started', key: play.key, path, frame, ...this.#lateness(track, stands, frame) })
    this.#watchEnd(track)
    this.#replace(track, play, frame, window)
  }

  #lateness(track: Track, stands: Ticks, frame: Frames): { late?: Lateness } {
    const by = frame - this.#parts.ledger.grid.frameOfTick(stands)
    return by > 0 ? { late: { by, reason: track.late ?? 'entry' } } : {}
  }

  #replace(by: Track, play: PlayItem, frame: Frames, window: Window): void {
    const target = this.#parts.ledger.targetOf(play)
    const other = target && this.trackOf(target.player, target.instance)
    if (!other || other === by) return
    const tick = Math.floor(this.#parts.ledger.grid.tickOfFrame(frame))
    if (!other.cut || other.cut.tick > tick) other.cut = { tick, reason: 'replaced' }
    if (other.state === 'sounding') this.#stop(other, frame, window)
  }

  /** The end of a track may be due. */
  end(track: Track, frame: Frames, window: Window): void {
    if (track.state !== 'sounding') return
    if (track.endedBy(frame, this.#parts.ledger)) this.#stop(track, frame, window)
    else this.#watchEnd(track)
  }

  #stop(track: Track, frame: Frames, window: Window): void {
    const { path } = track
    if (!path) return
    const end = track.endOf(this.#parts.ledger.members)
    track.state = 'over'
    // What stops at the frame at which it would start never starts.
    if (track.startFrame === frame) window.out = window.out.filter((command) => instanceOf(command) !== path)
    else window.out.push({ kind: 'stop', frame, path })
    this.#parts.log.add({ kind: 'ended', path, frame, reason: end?.reason ?? 'stop' })
    if (!end?.item) return
    const by = frame - this.#parts.ledger.grid.frameOfTick(end.item.payload.at)
    const late = by > 0 ? { late: { by, reason: 'entry' as const } } : {}
    this.#parts.log.add({ kind: 'applied', key: end.item.key, frame, ...late })
  }

  /** Everything still sounding ends with the jam. */
  endAll(frame: Frames): void {
    for (const track of this.#tracks.values()) {
      if (track.state === 'sounding' && track.path)
        this.#parts.log.add({ kind: 'ended', path: track.path, frame, reason: 'end' })
      track.state = 'over'
    }
  }
}

/** @param params as in force at the frame */
function startOf(track: Track, play: PlayItem, frame: Frames, params: readonly StartParam[]): StartCommand {
  const known = params.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]))
  const stands = track.heldAt ?? play.payload.at
  return { kind: 'start', frame, spec: specOf(play, stands, Object.fromEntries(known)) }
}
