import type { PlayerId } from '../../lib/base/index.ts'
import type { FollowGraph } from '../../lib/players/index.ts'
import type { InterestKind, Tracked } from './types.ts'
import { judge, type Detail, type Verdict } from './why.ts'

/** What another part of the node wants feeds for. */
interface Source {
  readonly kind: InterestKind
  readonly players: () => Iterable<PlayerId>
  readonly explain: (player: PlayerId) => Detail[]
  /** Those it named when it was asked last. */
  named: ReadonlySet<PlayerId>
}

/**
 * Which feeds this node keeps, and why: oneself, follows within reach, and what other plugins ask for. A change costs as
 * much as those whom it touches. Every answer is `judge`'s.
 */
export class Interests implements Tracked {
  readonly #follows: FollowGraph
  readonly #sources = new Map<string, Source>()
  readonly #listeners = new Set<(players: ReadonlySet<PlayerId>) => void>()
  /** Of every feed that is kept, how it stood when listeners were told last. */
  readonly #verdicts = new Map<PlayerId, Verdict>()

  constructor(follows: FollowGraph) {
    this.#follows = follows
  }

  /** Adds a reason; gives a function that takes it back. `explain` says of a player it names all that is known. */
  add(
    reason: string,
    players: () => Iterable<PlayerId>,
    kind: InterestKind = 'own',
    explain: (player: PlayerId) => Detail[] = () => [{ kind: 'other', reason }],
  ): () => void {
    const source: Source = { kind, players, explain, named: new Set() }
    this.#sources.set(reason, source)
    this.#look(this.#ask(source))
    return () => {
      if (this.#sources.get(reason) === source) this.#sources.delete(reason)
      this.#look(source.named)
    }
  }

  /** Asks for the reasons of others again, of one or of all; listeners are told where something is another now. */
  changed(reason?: string): void {
    const asked = reason === undefined ? [...this.#sources.values()] : [this.#sources.get(reason)]
    this.#look(asked.flatMap((source) => (source ? this.#ask(source) : [])))
  }

  /** These were followed, unfollowed, blocked or unblocked, by anybody who counts. */
  moved(players: Iterable<PlayerId>): void {
    this.#look(players)
  }

  verdict(player: PlayerId): Verdict {
    const asked = []
    for (const [reason, { kind, named }] of this.#sources) if (named.has(player)) asked.push({ reason, kind })
    const { blocks, hop } = { blocks: this.#follows.blocks(player), hop: this.#follows.reached().get(player) }
    return judge({ blocked: blocks, hop, asked })
  }

  has(player: PlayerId): boolean {
    return this.#verdicts.has(player)
  }

  /** Whether the player is tracked for a reason of our own: nobody becomes more than a stranger by asking. */
  vouchesFor(player: PlayerId): boolean {
    return this.#verdicts.get(player)?.vouches ?? false
  }

  /** Whether it is of the circle that shares feeds: what is followed, not what is drawn for a jam or at a request. */
  isOpen(player: PlayerId): boolean {
    return this.#verdicts.get(player)?.open ?? false
  }

  mostEntries(player: PlayerId): number {
    return this.#verdicts.get(player)?.entries ?? Infinity
  }

  list(): PlayerId[] {
    return [...this.#verdicts.keys()]
  }

  why(player: PlayerId): readonly string[] {
    return this.verdict(player).reasons
  }

  /** What other parts say of why they want this feed. */
  explain(player: PlayerId): Detail[] {
    const named = [...this.#sources.values()].filter((source) => source.named.has(player))
    return named.flatMap((source) => source.explain(player))
  }

  onChange(listener: (players: ReadonlySet<PlayerId>) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Asks again; gives those who are named now and were not, or the other way round. */
  #ask(source: Source): PlayerId[] {
    const before = source.named
    const now = new Set(source.players())
    source.named = now
    const turned = [...before].filter((player) => !now.has(player))
    for (const player of now) if (!before.has(player)) turned.push(player)
    return turned
  }

  #look(players: Iterable<PlayerId>): void {
    const turned = new Set<PlayerId>()
    for (const player of new Set(players)) {
      const before = this.#verdicts.get(player)
      const now = this.verdict(player)
      if (now.tracked) this.#verdicts.set(player, now)
      else this.#verdicts.delete(player)
      if (before?.reasons.join() !== (now.tracked ? now.reasons.join() : undefined)) turned.add(player)
    }
    if (turned.size === 0) return
    for (const listener of this.#listeners) listener(turned)
  }
}
