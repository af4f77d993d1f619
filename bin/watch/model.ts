import { refOf } from '../../lib/base/index.ts'
import type { Hearing } from '../../plugins/jams/index.ts'
import type {
  Said,
  Watched,
  WatchedInstance,
  WatchedJam,
  WatchedLevels,
  WatchedMix,
  WatchedPlace,
  WatchedPlayer,
  WatchedSound,
  WatchedTag,
} from '../../plugins/watch/index.ts'

const MAX_TAGS = 256
const MAX_LINES = 200
/** What a key set is shown until the node says so, or for so long. */
const BELIEVED_MILLIS = 1_500

export type Setting = Omit<WatchedMix, 'target'>
export const PLAIN: Setting = { gain: 0, pan: 0, mute: false, solo: false }

/** A line of the talk: by nobody where the node itself says it. */
export interface Line {
  readonly by: string | undefined
  readonly text: string
}

/** All that is known of the jam that is watched, folded from what the node tells. */
export class Model {
  jam: WatchedJam | undefined
  sound: WatchedSound | undefined
  levels: WatchedLevels | undefined
  instances: readonly WatchedInstance[] = []
  players: readonly WatchedPlayer[] = []
  /** Newest last. */
  readonly tags = new Map<string, WatchedTag>()
  /** Newest last. */
  readonly talk: Line[] = []
  /** From which bar on players said that they hear the last change that was made here. */
  readonly hears = new Map<string, Hearing>()
  #place: { readonly place: WatchedPlace; readonly at: number } | undefined
  #mix = new Map<string, Setting>()
  readonly #believed = new Map<string, { readonly setting: Partial<Setting>; readonly until: number }>()
  readonly #now: () => number

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  fold(watched: Watched): void {
    const { place, jam, sound, levels, instances, players, mix, tags = [], talk = [], failures = [] } = watched
    if (jam !== undefined && jam?.jam !== this.jam?.jam) this.#forget()
    if (jam !== undefined) this.jam = jam ?? undefined
    this.#place = place && { place, at: this.#now() }
    if (sound) this.sound = sound
    if (levels) this.levels = levels
    if (instances) this.instances = instances
    if (players) this.players = players
    if (mix) this.#mix = new Map(mix.map(({ target, ...setting }) => [target, setting]))
    for (const tag of tags) this.#tag(tag)
    for (const said of talk) this.#line(lineOf(said))
    for (const { what, message } of failures) this.#line({ by: undefined, text: `${what}: ${message}` })
  }

  /** Where the jam is now. */
  place(): WatchedPlace | undefined {
    if (!this.#place) return undefined
    const { place, at } = this.#place
    const { bar, pulse, pulses, pulseMillis } = place
    const since = pulse - 1 + (this.#now() - at) / pulseMillis
    return { ...place, bar: bar + Math.floor(since / pulses), pulse: (since % pulses) + 1 }
  }

  /** What one's own mix says of a target, by its name in the state. */
  setting(target: string): Setting {
    const told = this.#mix.get(target) ?? PLAIN
    const believed = this.#believed.get(target)
    if (!believed) return told
    const holds = Object.entries(believed.setting).every(([name, value]) => told[name as keyof Setting] === value)
    if (holds || this.#now() > believed.until) {
      this.#believed.delete(target)
      return told
    }
    return { ...told, ...believed.setting }
  }

  /** Shows what was asked for until the node tells of it. */
  believe(target: string, setting: Partial<Setting>): void {
    const before = this.#believed.get(target)?.setting
    this.#believed.set(target, { setting: { ...before, ...setting }, until: this.#now() + BELIEVED_MILLIS })
  }

  /** The node says what is: after a scene, or where it refused. */
  disbelieve(): void {
    this.#believed.clear()
  }

  /** Whether anything is soloed, so that all else is silent. */
  get anySolo(): boolean {
    return [...this.#mix.values()].some(({ solo }) => solo)
  }

  /** Whether an instance is not heard, and for whatever of its mix: for how it is drawn. */
  isSilent(instance: WatchedInstance): boolean {
    const settings = targetsOf(instance).map((target) => this.setting(target))
    return settings.some(({ mute }) => mute) || (this.anySolo && !settings.some(({ solo }) => solo))
  }

  /** Instances and tags that a player brought. */
  brought(player: WatchedPlayer): { readonly instances: number; readonly tags: number } {
    const ref = refOf(player.player)
    return {
      instances: this.instances.filter((instance) => instance.player === player.player).length,
      tags: [...this.tags.keys()].filter((path) => path.startsWith(`${ref}/`)).length,
    }
  }

  #tag(tag: WatchedTag): void {
    this.tags.delete(tag.path)
    this.tags.set(tag.path, tag)
    const [oldest] = this.tags.keys()
    if (this.tags.size > MAX_TAGS && oldest !== undefined) this.tags.delete(oldest)
  }

  #line(line: Line): void {
    this.talk.push(line)
    if (this.talk.length > MAX_LINES) this.talk.shift()
  }

  /** Another jam is watched from now on. */
  #forget(): void {
    this.levels = undefined
    this.instances = []
    this.players = []
    this.tags.clear()
    this.talk.length = 0
    this.hears.clear()
    this.#mix.clear()
    this.#believed.clear()
  }
}

const lineOf = ({ shown, text }: Said): Line => ({ by: shown, text })

/** What of one's own mix an instance hangs on, by names in the state. */
export function targetsOf({ path, player, track }: WatchedInstance): string[] {
  return [path, ...(track === undefined ? [] : [`track:${track}`]), `player:${refOf(player)}`]
}
