import type { Name, PlayerId } from '../base/index.ts'
import type { InstanceRef, ParamItem, PlayItem, StopItem } from './items.ts'
import { comparePublished } from './order.ts'

/** What a fork's starter calls an instance that the fork carries on; of any other play its own instance id. */
export const handleOf = ({ carried, payload }: PlayItem): Name => carried?.as ?? payload.instance

/** What the starter of a fork calls the instances that the fork carries on: they are others' too, and may share a name. */
export class Handles {
  readonly #starter: PlayerId
  readonly #plays = new Map<Name, PlayItem[]>()

  constructor(starter: PlayerId) {
    this.#starter = starter
  }

  index(play: PlayItem, by: 1 | -1): void {
    if (!play.carried) return
    const handle = handleOf(play)
    const plays = (this.#plays.get(handle) ?? []).filter(({ key }) => key !== play.key)
    if (by === 1) plays.push(play)
    if (plays.length === 0) this.#plays.delete(handle)
    else this.#plays.set(handle, plays.sort(comparePublished))
  }

  /** What the jam carries on and a player calls so: the starter alone calls it anything. */
  find(player: PlayerId, handle: Name): InstanceRef | undefined {
    return player === this.#starter ? this.#named(handle) : undefined
  }

  /**
   * Which instance an item means by a name: its signer's own, or what the starter calls so. Of what the jam carries on
   * the start says it where it is not the signer's own.
   */
  resolve(item: StopItem | ParamItem | PlayItem, named: Name): InstanceRef {
    const { identity, carried } = item
    const said = item.kind === 'param' && carried?.as !== undefined ? this.#named(carried.as) : undefined
    return (carried ? said : this.find(identity, named)) ?? { player: identity, instance: named }
  }

  #named(handle: Name): InstanceRef | undefined {
    const play = this.#plays.get(handle)?.[0]
    return play && { player: play.identity, instance: play.payload.instance }
  }
}
