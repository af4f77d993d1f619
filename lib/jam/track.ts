import type { Frames, Name, PlayerId, Ticks } from '../base/index.ts'
import type { EndReason, LateReason } from './events.ts'
import type { Grid } from './grid.ts'
import type { ParamItem, PlayItem, StopItem } from './items.ts'
import type { Members } from './members.ts'
import { isMixParam } from './mix-params.ts'
import { comparePublished, insertSorted } from './order.ts'
import { BASE, rampAt, rampFrames, settle } from './ramp.ts'
import type { Ramp } from './ramp.ts'
import type { InstancePath } from './types.ts'

/** Defaults of an archive's parameters by name, from its generator.json. */
export type ParamDefaults = Readonly<Record<string, number>>

export interface TrackEnd {
  readonly tick: Ticks
  readonly reason: EndReason
  /** The stop that ends it. */
  readonly item?: StopItem
}

/** A parameter as in force at an instance's first frame. */
export interface StartParam {
  readonly name: string
  /** Undefined where it rests on the generator's own default, which is not known here. */
  readonly value: number | undefined
  /** Set where it is on its way. */
  readonly ramp?: { readonly value: number; readonly over: Frames }
}

/** Items of one player's instance, or a tag's path: later ones in score order override earlier ones. */
export const compareAt = (
  a: Pick<ParamItem | StopItem, 'payload' | 'comparable' | 'key'>,
  b: Pick<ParamItem | StopItem, 'payload' | 'comparable' | 'key'>,
): number => a.payload.at - b.payload.at || comparePublished(a, b)

/** What is known of one instance id of one player: its play, its stops, its parameters, and how far it has come. */
export class Track {
  readonly player: PlayerId
  readonly instance: Name
  play: PlayItem | undefined
  path: InstancePath | undefined
  state: 'waiting' | 'sounding' | 'over' = 'waiting'
  /** Tick at which it starts as things stand. */
  target: Ticks | undefined
  late: LateReason | undefined
  /** The bar line at which what its `when` asks for held. */
  heldAt: Ticks | undefined
  /** Where a play that replaces it starts, or where its entry was withdrawn. */
  cut: TrackEnd | undefined
  startFrame: Frames = NaN
  readonly #stops: StopItem[] = []
  readonly #ramps = new Map<string, Ramp>()

  constructor(player: PlayerId, instance: Name) {
    this.player = player
    this.instance = instance
  }

  addStop(item: StopItem): void {
    insertSorted(this.#stops, item, compareAt)
  }

  removeStop(item: StopItem): void {
    const at = this.#stops.indexOf(item)
    if (at >= 0) this.#stops.splice(at, 1)
  }

  /** The first of all that ends it; undefined where nothing does yet. */
  endOf(members: Members): TrackEnd | undefined {
    const { play } = this
    const [stop] = this.#stops
    const ends: TrackEnd[] = []
    if (stop) ends.push({ tick: stop.payload.at, reason: 'stop', item: stop })
    if (this.cut) ends.push(this.cut)
    const length = play?.payload.length
    const stands = play?.payload.when ? this.heldAt : play?.payload.at
    if (length !== undefined && stands !== undefined) ends.push({ tick: stands + length, reason: 'length' })
    const out = play && !play.carried ? members.outFrom(this.player, play.payload.at) : undefined
    if (out !== undefined) ends.push({ tick: out, reason: 'member' })
    return ends.reduce<TrackEnd | undefined>((a, b) => (a && a.tick <= b.tick ? a : b), undefined)
  }

  /** The same where it has ended it by a frame. */
  endedBy(frame: Frames, { grid, members }: { readonly grid: Grid; readonly members: Members }): TrackEnd | undefined {
    const end = this.endOf(members)
    return end && grid.frameOfTick(end.tick) <= frame ? end : undefined
  }

  /**
   * Takes in a `param` at a frame: gives the frames its ramp still lasts, or undefined where a later one is in force.
   * What has not started takes it where it stands, so that it starts as if it had been there.
   */
  applyParam(item: ParamItem, grid: Grid, frame: Frames): Frames | undefined {
    const { name, value, at } = item.payload
    const held = this.#ramps.get(name)
    if (held && compareAt(held.item, item) > 0) return undefined
    const own = grid.frameOfTick(at)
    const start = this.state === 'sounding' ? frame : own
    const end = Math.max(start, own + rampFrames(grid, item))
    this.#ramps.set(name, { from: held ? rampAt(held, start) : BASE, start, value, end, item })
    return end - start
  }

  /**
   * Takes back a `param` that counts no more, and puts the one before it in force at once. Gives the value that holds
   * now; undefined where nothing changes, or the generator's own default would have to.
   * @param before the last of those that remain and have taken effect
   */
  dropParam(
    item: ParamItem,
    before: ParamItem | undefined,
    frame: Frames,
    defaults: ParamDefaults,
  ): number | undefined {
    const { name } = item.payload
    if (this.#ramps.get(name)?.item !== item) return undefined
    this.#ramps.delete(name)
    if (!before) return this.#baseOf(name, defaults)
    const { value } = before.payload
    this.#ramps.set(name, { from: { fixed: value, share: 0 }, start: frame, value, end: frame, item: before })
    return value
  }

  /** Every parameter that its play or a `param` sets, as in force at a frame, by name. */
  paramsAt(frame: Frames, defaults: ParamDefaults): readonly StartParam[] {
    const names = new Set([...Object.keys(this.play?.payload.params ?? {}), ...this.#ramps.keys()])
    return [...names].sort().map((name) => {
      const base = this.#baseOf(name, defaults)
      const ramp = this.#ramps.get(name)
      if (!ramp) return { name, value: base }
      const value = settle(rampAt(ramp, frame), base)
      return ramp.end > frame ? { name, value, ramp: { value: ramp.value, over: ramp.end - frame } } : { name, value }
    })
  }

  #baseOf(name: string, defaults: ParamDefaults): number | undefined {
    const own = this.play?.payload.params
    if (own && Object.hasOwn(own, name)) return own[name]
    if (Object.hasOwn(defaults, name)) return defaults[name]
    return isMixParam(name) ? 0 : undefined
  }
}
