import type { EntryKey, ErrorCode, PlayerId, Refusal } from '../base/index.ts'
import { instanceKey, keyOfInstance } from './items.ts'
import type { JamEntry, JamItem, PlayItem } from './items.ts'
import type { Ledger } from './ledger.ts'
import type { Members } from './members.ts'

/** What changed of what counts, ready to be carried out in this order. */
export interface Verdicts {
  /** Counted, and does no more: withdrawn, or refused by what came since. */
  readonly dropped: readonly JamItem[]
  /** Counts now. Plays last, so that they find their tags. */
  readonly admitted: readonly JamItem[]
  /** Does not count, for a reason not told before. */
  readonly refused: readonly { readonly item: JamItem; readonly why: Refusal }[]
  /** The set of members, the start or the end may have changed. */
  readonly shaped: boolean
}

/**
 * Judges entries as they arrive: what counted may stop counting and the other way round, when members, archives or
 * other plays become known. Looks again only at what a change can concern.
 */
export class Docket {
  readonly #ledger: Ledger
  readonly #counted = new Set<JamItem>()
  readonly #told = new Map<JamItem, ErrorCode>()
  readonly #fresh = new Set<JamItem>()
  readonly #gone = new Set<JamItem>()
  /** Players of whose publications some came or went. */
  readonly #published = new Set<PlayerId>()
  #members: Members
  #all = false

  constructor(ledger: Ledger) {
    this.#ledger = ledger
    this.#members = ledger.members
  }

  /** Gives a refusal where the entry is of this jam but malformed. */
  add(entry: JamEntry): Refusal | undefined {
    const kept = this.#ledger.add(entry)
    if (kept.kind === 'kept') {
      if (kept.instead) this.#drop(kept.instead)
      this.#fresh.add(kept.item)
      this.#concern(kept.item)
    }
    return kept.kind === 'refused' ? kept : undefined
  }

  remove(key: EntryKey): void {
    const removed = this.#ledger.remove(key)
    if (!removed) return
    this.#drop(removed.gone)
    if (!removed.item) return
    this.#fresh.add(removed.item)
    this.#concern(removed.item)
  }

  #drop(item: JamItem): void {
    this.#fresh.delete(item)
    this.#told.delete(item)
    this.#gone.add(item)
    this.#concern(item)
  }

  /** Notes what has to be judged again because of an item. */
  #concern(item: JamItem): void {
    switch (item.kind) {
      case 'generator':
        this.#published.add(item.identity)
        return
      case 'play':
        if (item.carried) this.#nameAnew(item)
        // The first has used the id up: it and the one that was the first, or is now.
        for (const play of this.#ledger.playsNaming(item.identity, item.payload.instance).slice(0, 2))
          this.#fresh.add(play)
        return
      case 'start':
      case 'end':
        this.#all = true
    }
  }

  /** What named an instance that a fork carries on before its play was here is put where it belongs now. */
  #nameAnew({ identity, payload }: PlayItem): void {
    const instance = instanceKey(identity, payload.instance)
    for (const item of this.#counted) {
      if (item.kind !== 'stop' && item.kind !== 'param') continue
      if (keyOfInstance(this.#ledger.targetOf(item)) !== instance) continue
      this.#gone.add(item)
      this.#fresh.add(item)
    }
  }

  /** Whether the set of members changed; what concerns whoever it changed for is to be judged again. */
  #noteMembers(): boolean {
    const before = this.#members
    const after = this.#ledger.members
    if (before === after) return false
    this.#members = after
    const changed = [...new Set([...before.known(), ...after.known()])].filter(
      (player) => before.standing(player) !== after.standing(player),
    )
    for (const player of changed) for (const item of this.#ledger.itemsBy(player)) this.#fresh.add(item)
    return changed.length > 0
  }

  /** Everything that counts. */
  counted(): Iterable<JamItem> {
    return this.#counted
  }
  counts(item: JamItem): boolean {
    return this.#counted.has(item)
  }

  judge(): Verdicts | undefined {
    const shaped = this.#noteMembers() || this.#all
    for (const player of this.#published) for (const play of this.#ledger.playsBy(player)) this.#fresh.add(play)
    this.#published.clear()
    if (this.#fresh.size === 0 && this.#gone.size === 0 && !shaped) return undefined
    const dropped = [...this.#gone].filter((item) => this.#counted.delete(item))
    const admitted: JamItem[] = []
    const refused: { item: JamItem; why: Refusal }[] = []
    for (const item of this.#all ? this.#ledger.items() : this.#fresh) {
      const why = this.#ledger.refuse(item)
      if (!why) {
        this.#told.delete(item)
        if (!this.#counted.has(item)) admitted.push(item)
        this.#counted.add(item)
        continue
      }
      if (this.#counted.delete(item)) dropped.push(item)
      if (this.#told.get(item) !== why.code) refused.push({ item, why })
      this.#told.set(item, why.code)
    }
    this.#fresh.clear()
    this.#gone.clear()
    this.#all = false
    admitted.sort((a, b) => Number(a.kind === 'play') - Number(b.kind === 'play'))
    return { dropped, admitted, refused, shaped }
  }
}
