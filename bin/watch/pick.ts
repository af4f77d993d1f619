import { refOf } from '../../lib/base/index.ts'
import type { WatchedInstance } from '../../plugins/watch/index.ts'
import type { Model } from './model.ts'

/** What keys are for: the instance that is chosen, all of its track, or all of its player. */
export const SCOPES = ['instance', 'track', 'player'] as const
export type Scope = (typeof SCOPES)[number]

/** Something of one's own mix that keys change. */
export interface Target {
  /** In the state, as the node tells of it. */
  readonly name: string
  /** As the node takes it. */
  readonly text: string
  readonly shown: string
}

/** Which instance is chosen, and whether it or what it belongs to is meant. */
export class Pick {
  scope: Scope = 'instance'
  #path: string | undefined
  /** Where it was in the list: when it is gone, its neighbour is chosen. */
  #at = 0

  /** The instance that is chosen. */
  instance({ instances }: Model): WatchedInstance | undefined {
    const at = instances.findIndex(({ path }) => path === this.#path)
    if (at >= 0) this.#at = at
    const found = instances[at] ?? instances[Math.min(this.#at, instances.length - 1)]
    this.#path = found?.path
    return found
  }

  /** Where it is in the list. */
  index(model: Model): number {
    this.instance(model)
    return this.#at
  }

  move(model: Model, by: number): void {
    const at = Math.max(0, Math.min(model.instances.length - 1, this.index(model) + by))
    const next = model.instances[at]
    if (!next) return
    this.#path = next.path
    this.#at = at
  }

  /** Goes on to the next instance that is of another track, or player, where those are meant. */
  step(model: Model, by: 1 | -1): void {
    const before = this.instance(model)
    const from = before && this.#target(before)?.name
    for (let i = 0; i < model.instances.length; i++) {
      const last = this.#path
      this.move(model, by)
      const now = this.instance(model)
      if (this.#path === last || !now || this.scope === 'instance' || this.#target(now)?.name !== from) return
    }
  }

  turn(): void {
    this.scope = SCOPES[(SCOPES.indexOf(this.scope) + 1) % SCOPES.length] ?? 'instance'
  }

  target(model: Model): Target | undefined {
    const instance = this.instance(model)
    return instance && this.#target(instance)
  }

  /** Whether an instance is among what is meant. */
  holds(model: Model, instance: WatchedInstance): boolean {
    const target = this.target(model)
    return target !== undefined && this.#target(instance)?.name === target.name
  }

  #target(instance: WatchedInstance): Target | undefined {
    return targetOf(instance, this.scope)
  }
}

/** What is meant by an instance: nothing where it has no track and its track is meant. */
export function targetOf({ path, player, shown, name, track }: WatchedInstance, scope: Scope): Target | undefined {
  if (scope === 'track')
    return track === undefined ? undefined : { name: `track:${track}`, text: `track:${track}`, shown: `track ${track}` }
  if (scope === 'player') return { name: `player:${refOf(player)}`, text: `player:${player}`, shown: `all of ${shown}` }
  const instance = path.split('/').at(-1) ?? name
  return { name: path, text: `${player}:${instance}`, shown: `${shown}:${name}` }
}
