import type { Micros, PlayerId } from '../base/index.ts'
import { BOXED, readUnboxed, type Entry } from '../entry/index.ts'
import { unbox, type Identity } from '../keys/index.ts'
import type { Change, Store } from '../store/index.ts'
import { Edges } from './edges.ts'
import { believedIn } from './original.ts'

const SAYS: ReadonlySet<string> = new Set([BOXED])

interface Init {
  readonly store: Store
  readonly identity: Identity
}

/**
 * Whom one's own player ignores: said in entries that only it can read (`ignore`, encrypted to oneself), so it holds on
 * every machine of the player and nobody else knows. The ignored are gossiped as before.
 */
export class Ignored {
  readonly #store: Store
  readonly #identity: Identity
  #edges = new Edges(Infinity)

  constructor({ store, identity }: Init) {
    this.#store = store
    this.#identity = identity
  }

  /** Reads what is encrypted in one's own feed. */
  async load(): Promise<void> {
    this.#edges = await this.#read()
  }

  /** Folds a change of the store in; gives who is ignored now and was not, or the other way round. */
  async observe({ head, entries, changeover }: Change): Promise<ReadonlySet<PlayerId>> {
    const turned = new Set<PlayerId>()
    if (head.identity !== this.#identity.id) return turned
    if (changeover) {
      const [before, now] = [this.#edges, await this.#read()]
      this.#edges = now
      for (const player of before.targets()) if (!now.has(player)) turned.add(player)
      for (const player of now.targets()) if (!before.has(player)) turned.add(player)
      return turned
    }
    for (const entry of entries) {
      const player = await this.#fold(this.#edges, entry)
      if (player !== undefined) turned.add(player)
    }
    return turned
  }

  has(player: PlayerId): boolean {
    return this.#edges.has(player)
  }

  /** Since when, of those who are ignored. */
  since(player: PlayerId): Micros | undefined {
    return this.#edges.get(player)?.position.comparable
  }

  /** Everyone ignored, in the order in which it was said. */
  list(): PlayerId[] {
    return this.#edges.sorted()
  }

  async #read(): Promise<Edges> {
    const edges = new Edges(Infinity)
    for await (const entry of this.#store.byType(BOXED, { identity: this.#identity.id })) await this.#fold(edges, entry)
    return edges
  }

  async #fold(edges: Edges, entry: Entry): Promise<PlayerId | undefined> {
    const believed = await believedIn(this.#store, entry, SAYS)
    if (believed?.read.kind !== 'boxed') return undefined
    const { position, read } = believed
    const said = readUnboxed(unbox(read.text, this.#identity))
    if (said.kind !== 'ignore') return undefined
    const { identity, on } = said.payload
    return edges.fold(identity, { on, position }) ? identity : undefined
  }
}
