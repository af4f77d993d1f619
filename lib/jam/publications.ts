import type { GeneratorItem, PlayItem } from './items.ts'
import { publishedAs } from './refusals.ts'

/** What players have published: owner, name and archive, with the runtimes named for each. */
export class Publications {
  readonly #runtimes = new Map<string, string[]>()

  index({ identity, payload }: GeneratorItem, by: 1 | -1): void {
    const { name, archive, runtime } = payload
    const id = `${identity} ${name} ${archive}`
    const runtimes = this.#runtimes.get(id) ?? []
    if (by === 1) runtimes.push(runtime)
    else runtimes.splice(runtimes.indexOf(runtime), 1)
    if (runtimes.length > 0) this.#runtimes.set(id, runtimes)
    else this.#runtimes.delete(id)
  }

  /** Whether its player has published what a play names. */
  has(play: PlayItem): boolean {
    return this.#runtimes.has(publishedAs(play))
  }

  isProcess(play: PlayItem): boolean {
    return this.#runtimes.get(publishedAs(play))?.includes('process') ?? false
  }
}
