import { MarmaladeError, type Clock, type JamId } from '../../lib/base/index.ts'
import { typeOf, type Entry } from '../../lib/entry/index.ts'
import type { JamEntry } from '../../lib/jam/index.ts'
import type { Change } from '../../lib/store/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import { findJam, jamIn, joinedJams, knownJams } from './find.ts'
import { LiveJam, type JamChange } from './live.ts'

/** Jams folded at a time: past it the one joined longest ago goes. */
const MAX_JOINED = 256

interface Init {
  readonly feeds: FeedsApi
  readonly clock: Clock
}

/** The jams of this node's player: those started or joined and not left, as its own feed says. */
export class Jams {
  readonly #feeds: FeedsApi
  readonly #clock: Clock
  /** In the order in which they were joined last. */
  readonly #joined = new Map<JamId, LiveJam>()
  readonly #changed = new Set<(jam: LiveJam, change: JamChange) => void>()
  readonly #selected = new Set<(jam: LiveJam | undefined) => void>()
  #current: JamId | undefined
  /** One at a time: no change is missed while a jam is read, and none is folded in twice. */
  #last: Promise<unknown> = Promise.resolve()

  constructor({ feeds, clock }: Init) {
    this.#feeds = feeds
    this.#clock = clock
  }

  /** Reads what was joined; of the jams that are not over the one joined last is the current one. */
  load(): Promise<void> {
    return this.#inTurn(async () => {
      const { store, identity } = this.#feeds
      for await (const entry of store.byType('jam', { identity: identity.id, reverse: true })) await this.#own(entry)
      this.#setCurrent(this.#lastOn())
    })
  }

  /** Resolves when every change of the feeds so far is folded in. */
  async settled(): Promise<void> {
    await this.#last
  }

  joined(): LiveJam[] {
    return [...this.#joined.values()]
  }

  /** The jam that sounds. */
  current(): LiveJam | undefined {
    return this.#current === undefined ? undefined : this.#joined.get(this.#current)
  }

  /** The jam, read from the store where it is not joined. */
  async open(id: JamId): Promise<LiveJam> {
    const known = this.#joined.get(id)
    if (known) return known
    const jam = new LiveJam(id, this.#feeds.store)
    await jam.load()
    return jam
  }

  select(id: JamId): Promise<void> {
    return this.#inTurn(() => this.#select(id))
  }

  /** Folds a change of any feed into every jam that is joined. */
  observe(change: Change): Promise<void> {
    return this.#inTurn(async () => {
      await this.#observeOwn(change)
      for (const jam of this.joined()) this.tell(jam, await jam.observe(change))
    })
  }

  tell(jam: LiveJam, { entries, withdrawn }: JamChange): void {
    if (entries.length === 0 && withdrawn.length === 0) return
    // Plain objects: they go on to the engine's process, where a payload that is read on demand would be lost.
    const change = { entries: entries.map(plainEntry), withdrawn }
    for (const listener of this.#changed) listener(jam, change)
  }

  onChange(listener: (jam: LiveJam, change: JamChange) => void): () => void {
    this.#changed.add(listener)
    return () => this.#changed.delete(listener)
  }

  onCurrent(listener: (jam: LiveJam | undefined) => void): () => void {
    this.#selected.add(listener)
    return () => this.#selected.delete(listener)
  }

  /** Every jam that is joined, or whose start is in a feed that is here. */
  async known(): Promise<JamId[]> {
    return [...new Set([...this.#joined.keys(), ...(await knownJams(this.#feeds.store))])]
  }

  /**
   * The jam that text names; without text the current one, or the one joined last where all are over.
   * @throws MarmaladeError JAM_NOT_NAMED, JAM_UNKNOWN, JAM_AMBIGUOUS, PLAYER_UNKNOWN, PLAYER_AMBIGUOUS
   */
  async resolve(text?: string): Promise<LiveJam> {
    if (text === undefined) {
      const current = this.current() ?? this.joined().at(-1)
      if (current) return current
      throw new MarmaladeError(
        'JAM_NOT_NAMED',
        'no jam has been joined: `jam start NAME`, or `jam join` one of `jam list`',
      )
    }
    return this.open(await findJam(this.#feeds, text, new Set(this.#joined.keys())))
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return done
  }

  async #observeOwn({ head, entries, changeover }: Change): Promise<void> {
    if (head.identity !== this.#feeds.identity.id) return
    // What is published again counts at its own time: a join of long ago does not undo a later leave.
    if (changeover || entries.some(isAgain)) await this.#reread()
    else for (const entry of entries) await this.#own(entry)
  }

  /** What is joined as one's own feed says now, in the order in which it was. */
  async #reread(): Promise<void> {
    const joined = await joinedJams(this.#feeds.store, this.#feeds.identity.id)
    for (const id of joined) {
      const jam = await this.open(id)
      this.#joined.delete(id)
      this.#keep(id, jam)
    }
    for (const id of this.#joined.keys()) if (!joined.has(id)) this.#joined.delete(id)
    if (this.#current === undefined || !this.#joined.has(this.#current)) this.#setCurrent(this.#lastOn())
  }

  /** Own starts and joins make a jam joined, and the current one; leaving undoes it. */
  async #own(entry: Entry): Promise<void> {
    const said = await jamIn(this.#feeds.store, entry)
    if (!said) return
    const { jam, action } = said
    if (action !== 'leave') {
      await this.#select(jam)
      return
    }
    this.#joined.delete(jam)
    if (this.#current === jam) this.#setCurrent(this.#lastOn())
  }

  async #select(id: JamId): Promise<void> {
    const jam = await this.open(id)
    this.#joined.delete(id)
    this.#keep(id, jam)
    if (this.#current !== id) this.#setCurrent(id)
  }

  #keep(id: JamId, jam: LiveJam): void {
    this.#joined.set(id, jam)
    const [oldest] = this.#joined.keys()
    if (this.#joined.size > MAX_JOINED && oldest !== undefined) this.#joined.delete(oldest)
  }

  #setCurrent(id: JamId | undefined): void {
    if (this.#current === id) return
    this.#current = id
    for (const listener of this.#selected) listener(this.current())
  }

  /** The jam joined last that is not over. */
  #lastOn(): JamId | undefined {
    return this.joined().findLast((jam) => {
      const { end, endTick, grid } = jam.ledger
      return !end || grid.tickOfFrame(jam.frameAt(this.#clock)) < endTick
    })?.jam
  }
}

const plainEntry = ({ identity, key, comparable, payload }: JamEntry): JamEntry => ({
  identity,
  key,
  comparable,
  payload,
})

const isAgain = (entry: Entry): boolean => typeOf(entry) === 'again'

/** What an entry says of its author's own part in a jam. */
