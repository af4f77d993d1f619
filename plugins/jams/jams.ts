import { MarmaladeError, type JamId } from '../../lib/base/index.ts'
import { readPayload, type Entry } from '../../lib/entry/index.ts'
import type { Change } from '../../lib/store/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import { findJam, knownJams } from './find.ts'
import { LiveJam, type JamChange } from './live.ts'

/** Jams folded at a time; a player in more has left some. */
const MAX_JOINED = 256

/** The jams of this node's player: those started or joined and not left, as its own feed says. */
export class Jams {
  readonly #feeds: FeedsApi
  readonly #live = new Map<JamId, LiveJam>()
  readonly #joined = new Set<JamId>()
  readonly #changed = new Set<(jam: LiveJam, change: JamChange) => void>()
  readonly #selected = new Set<(jam: LiveJam | undefined) => void>()
  #current: JamId | undefined

  constructor(feeds: FeedsApi) {
    this.#feeds = feeds
  }

  async load(): Promise<void> {
    for await (const entry of this.#feeds.store.byType('jam', { identity: this.#feeds.identity.id, reverse: true })) {
      await this.#own(entry)
    }
  }

  joined(): LiveJam[] {
    return [...this.#joined].map((jam) => this.#live.get(jam)).filter((jam) => jam !== undefined)
  }

  current(): LiveJam | undefined {
    return this.#current === undefined ? undefined : this.#live.get(this.#current)
  }

  /** The jam, read from the store where it was not looked at before. */
  async open(id: JamId): Promise<LiveJam> {
    const known = this.#live.get(id)
    if (known) return known
    const jam = new LiveJam(id, this.#feeds.store)
    await jam.load()
    return jam
  }

  async select(id: JamId): Promise<void> {
    const jam = await this.#keep(id)
    if (this.#current === id) return
    this.#current = id
    for (const listener of this.#selected) listener(jam)
  }

  /** Folds a change of any feed into every jam that is joined. */
  async observe(change: Change): Promise<void> {
    if (change.own) for (const entry of change.entries) await this.#own(entry)
    for (const jam of this.joined()) this.tell(jam, await jam.observe(change))
  }

  tell(jam: LiveJam, change: JamChange): void {
    if (change.entries.length === 0 && change.withdrawn.length === 0) return
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
    return [...new Set([...this.#joined, ...(await knownJams(this.#feeds.store))])]
  }

  /**
   * The jam that text names; the current one where there is none.
   * @throws MarmaladeError JAM_NOT_NAMED, JAM_UNKNOWN, JAM_AMBIGUOUS, PLAYER_UNKNOWN, PLAYER_AMBIGUOUS
   */
  async resolve(text?: string): Promise<LiveJam> {
    if (text === undefined) {
      const current = this.current()
      if (current) return current
      throw new MarmaladeError(
        'JAM_NOT_NAMED',
        'no jam has been joined: `jam start NAME`, or `jam join` one of `jam list`',
      )
    }
    return this.open(await findJam(this.#feeds, text, this.#joined))
  }

  /** Own starts and joins make a jam joined, and the current one; leaving undoes it. */
  async #own(entry: Entry): Promise<void> {
    const read = readPayload(entry)
    if (read.kind !== 'jam') return
    const { jam, action } = read.payload
    if (action === 'start' || action === 'join') await this.select(jam)
    if (action === 'leave') {
      this.#joined.delete(jam)
      this.#live.delete(jam)
      if (this.#current !== jam) return
      this.#current = [...this.#joined].at(-1)
      for (const listener of this.#selected) listener(this.current())
    }
  }

  async #keep(id: JamId): Promise<LiveJam> {
    const jam = await this.open(id)
    if (!this.#joined.has(id) && this.#joined.size >= MAX_JOINED) {
      throw new MarmaladeError('USAGE', `${MAX_JOINED} jams are joined: leave one first`)
    }
    this.#live.set(id, jam)
    this.#joined.add(id)
    return jam
  }
}
