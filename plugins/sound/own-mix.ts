import type { MixAct } from '../../lib/engine/index.ts'
import type { MixSetting, MixTarget } from '../../lib/mix/index.ts'

/** Of one's own mix: as many targets as the mix itself remembers. */
const MAX_ACTS = 1_024

/** What one's own mix says of a target, with every field. */
export interface Setting {
  readonly target: MixTarget
  readonly setting: Required<MixSetting>
}

export const PLAIN: Setting['setting'] = { gain: 0, pan: 0, mute: false, solo: false }

/** The player's own mix of a jam: as it took effect, and as it will have when all took effect that was asked for. */
export class OwnMix {
  readonly #acts = new Map<string, MixAct>()
  /** Asked for and not in effect yet, oldest first. */
  #asked: Pick<MixAct, 'target' | 'setting'>[] = []

  /** As it took effect, then what was asked for since: for an engine that starts anew, for the one before may have died with that. */
  get acts(): readonly Pick<MixAct, 'target' | 'setting'>[] {
    return [...this.#acts.values(), ...this.#asked]
  }

  asked(target: MixTarget, setting: MixSetting): void {
    this.#asked.push({ target, setting })
    if (this.#asked.length > MAX_ACTS) this.#asked.shift()
  }

  /** An act took effect. False where there are too many targets already. */
  took(act: MixAct): boolean {
    const name = nameOf(act.target)
    const before = this.#acts.get(name)
    if (!before && this.#acts.size >= MAX_ACTS) return false
    this.#acts.set(name, { ...act, setting: { ...before?.setting, ...act.setting } })
    // They take effect in their order: what is before it has, or never will.
    const at = this.#asked.findIndex(({ target }) => nameOf(target) === name)
    if (at >= 0) this.#asked.splice(0, at + 1)
    return true
  }

  /** Every target of which something is said that is not plain, as it will be. */
  settings(): Setting[] {
    const all = new Map<string, Setting>()
    for (const { target, setting } of [...this.#acts.values(), ...this.#asked]) {
      const name = nameOf(target)
      all.set(name, { target, setting: { ...(all.get(name)?.setting ?? PLAIN), ...setting } })
    }
    return [...all.values()].filter(({ setting }) => !isPlain(setting))
  }
}

const isPlain = ({ gain, pan, mute, solo }: Setting['setting']): boolean => gain === 0 && pan === 0 && !mute && !solo

/** What a target is called in the state: an instance's path, `track:…`, `player:…` or `return:…`. */
export function nameOf(target: MixTarget): string {
  if (target.kind === 'instance') return target.path
  if (target.kind === 'return') return `return:${target.bus}`
  return target.kind === 'track' ? `track:${target.track}` : `player:${target.player}`
}
