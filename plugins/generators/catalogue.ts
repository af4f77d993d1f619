import {
  generatorIdOf,
  isBlobId,
  isName,
  splitOwned,
  MarmaladeError,
  type BlobId,
  type Micros,
  type PlayerId,
} from '../../lib/base/index.ts'
import type { Entry, PayloadOf } from '../../lib/entry/index.ts'
import { believedIn } from '../../lib/players/index.ts'
import type { Store } from '../../lib/store/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import type { GeneratorRow } from './contract.ts'

/** Entries looked through for one listing: newest first, so what is past it is old. */
const MOST_ENTRIES = 10_000
/** As its publication says of them. */
export type Params = NonNullable<PayloadOf<'generator'>['description']>['params']
const SAYS: ReadonlySet<string> = new Set(['generator'])

interface Init {
  readonly feeds: FeedsApi
  readonly isHere: (archive: BlobId) => Promise<boolean>
}

/** What players have published, as their feeds say. */
export class Catalogue {
  readonly #feeds: FeedsApi
  readonly #isHere: Init['isHere']

  constructor(init: Init) {
    this.#feeds = init.feeds
    this.#isHere = init.isHere
  }

  /** The newest of each name of each player, newest first; `hides` leaves players out. */
  async list(options: {
    readonly player?: PlayerId
    readonly limit: number
    readonly hides?: (player: PlayerId) => boolean
  }): Promise<GeneratorRow[]> {
    const rows = new Map<string, GeneratorRow>()
    const { player, limit, hides = () => false } = options
    const range = player === undefined ? { limit: MOST_ENTRIES } : { limit: MOST_ENTRIES, identity: player }
    for await (const entry of this.#feeds.store.byType('generator', range)) {
      const published = await publicationIn(this.#feeds.store, entry)
      if (!published || this.#feeds.follows.blocks(entry.identity) || hides(entry.identity)) continue
      const id = generatorIdOf(entry.identity, published.payload.name)
      const before = rows.get(id)
      if (!before || before.published < published.comparable) rows.set(id, await this.row(published, published.payload))
    }
    return [...rows.values()].sort((a, b) => b.published - a.published).slice(0, limit)
  }

  async row(
    entry: { readonly identity: PlayerId; readonly comparable: Micros },
    payload: PayloadOf<'generator'>,
  ): Promise<GeneratorRow> {
    return {
      generator: generatorIdOf(entry.identity, payload.name),
      player: entry.identity,
      shown: this.#feeds.directory.shown(entry.identity),
      name: payload.name,
      archive: payload.archive,
      size: payload.size,
      runtime: payload.runtime,
      here: await this.#isHere(payload.archive),
      published: entry.comparable,
      ...(payload.description && { description: payload.description }),
    }
  }

  /** What a player's newest publication of an archive says of its parameters; undefined where it says nothing, or none is here. */
  async paramsOf(player: PlayerId, archive: BlobId): Promise<Params | undefined> {
    const { store } = this.#feeds
    for await (const entry of store.byType('generator', { limit: MOST_ENTRIES, identity: player })) {
      const payload = await generatorIn(store, entry)
      if (payload?.archive === archive) return payload.description?.params
    }
    return undefined
  }

  /**
   * What text names: a blob id, `<player>:<name>` (the player by name, short id or identity), or a name: one's own
   * first, then whoever alone published it.
   * @throws MarmaladeError GENERATOR_UNKNOWN, GENERATOR_AMBIGUOUS, PLAYER_UNKNOWN, PLAYER_AMBIGUOUS
   */
  async resolve(text: string): Promise<GeneratorRow> {
    const { directory, identity } = this.#feeds
    const owned = splitOwned(text) ?? this.#split(text)
    if (owned) return this.#one(text, (row) => row.name === owned.name, owned.owner)
    if (isBlobId(text)) return this.#one(text, (row) => row.archive === text)
    const own = isName(text)
      ? (await this.list({ player: identity.id, limit: 500 })).find((row) => row.name === text)
      : undefined
    return (
      own ??
      this.#one(
        text,
        (row) => row.name === text,
        undefined,
        (row) => `${directory.shown(row.player)}:${row.name}`,
      )
    )
  }

  #split(text: string): { owner: PlayerId; name: string } | undefined {
    const colon = text.lastIndexOf(':')
    if (colon < 1) return undefined
    return { owner: this.#feeds.directory.resolve(text.slice(0, colon)), name: text.slice(colon + 1) }
  }

  async #one(
    text: string,
    fits: (row: GeneratorRow) => boolean,
    player?: PlayerId,
    say: (row: GeneratorRow) => string = (row) => row.generator,
  ): Promise<GeneratorRow> {
    const found = (await this.list({ limit: MOST_ENTRIES, ...(player && { player }) })).filter(fits)
    const [first, ...others] = found
    if (!first) {
      throw new MarmaladeError('GENERATOR_UNKNOWN', `no generator called ${text} is known here: see \`generator list\``)
    }
    if (others.length > 0 && !isBlobId(text)) {
      throw new MarmaladeError('GENERATOR_AMBIGUOUS', `${text} could be ${found.map(say).join(' or ')}: say which`)
    }
    return first
  }
}

/** What an entry publishes, if that is a generator: an `again` that counts what its original does, at its time. */
async function publicationIn(
  store: Pick<Store, 'get'>,
  entry: Entry,
): Promise<{ identity: PlayerId; comparable: Micros; payload: PayloadOf<'generator'> } | undefined> {
  const believed = await believedIn(store, entry, SAYS)
  if (believed?.read.kind !== 'generator') return undefined
  const { position, read } = believed
  return { identity: entry.identity, comparable: position.comparable, payload: read.payload }
}

/** The payload of an entry that publishes a generator. */
export async function generatorIn(
  store: Pick<Store, 'get'>,
  entry: Entry,
): Promise<PayloadOf<'generator'> | undefined> {
  return (await publicationIn(store, entry))?.payload
}
