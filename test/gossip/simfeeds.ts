import { createHash } from 'node:crypto'
import { entryKeyOf, fromUtf8, utf8 } from '../../lib/base/index.ts'
import type { EntryKey, Micros, PlayerId } from '../../lib/base/index.ts'
import { compareHeads } from '../../lib/entry/index.ts'
import type { Entry, HeadPosition } from '../../lib/entry/index.ts'
import type { Outcome } from '../../lib/gossip/index.ts'
import type { Head } from '../../lib/store/types.ts'

/** What a simulated store tells of a change. */
export interface SimChange {
  readonly head: Head
  readonly entries: readonly Entry[]
  readonly changeover?: { readonly ancestor: HeadPosition | undefined }
}

/** Feeds in memory by the rule of heads, without signatures: as much of a store as gossip needs. */
export class SimFeeds {
  /** Every entry whose ancestry is whole. */
  readonly #all = new Map<EntryKey, Entry>()
  readonly #chains = new Map<PlayerId, Entry[]>()
  readonly onChange: (change: SimChange) => void
  taken = 0

  constructor(onChange: (change: SimChange) => void) {
    this.onChange = onChange
  }

  head(identity: PlayerId): Head | undefined {
    const chain = this.#chains.get(identity)
    const last = chain?.at(-1)
    return chain && last && { identity, comparable: last.comparable, key: last.key, count: chain.length }
  }

  append(identity: PlayerId, now: Micros, note: string): void {
    const parent = this.head(identity)
    const comparable = Math.max(now, (parent?.comparable ?? 0) + 1)
    const entry = makeEntry(identity, parent?.key ?? null, comparable, note)
    this.#all.set(entry.key, entry)
    this.#adopt(identity, [...(this.#chains.get(identity) ?? []), entry])
  }

  ingest(identity: PlayerId, run: readonly Uint8Array[], announced: HeadPosition): Outcome {
    const entries = run.map(parse)
    const first = entries[0]!
    if (first.parent !== null && !this.#all.has(first.parent)) return { kind: 'refused', orphan: true }
    let fresh = 0
    for (const entry of entries) {
      if (entry.identity !== identity) return { kind: 'refused', orphan: false }
      if (!this.#all.has(entry.key)) fresh++
      this.#all.set(entry.key, entry)
    }
    this.taken += run.length
    const tail = entries.at(-1)!
    const head = this.head(identity)
    if (fresh === 0 && this.has(identity, tail)) return { kind: 'known' }
    const chain = this.#chainTo(tail)
    const grows = head === undefined || chain.some((entry) => entry.key === head.key)
    if (!grows && compareHeads(tail, announced) < 0) return { kind: 'staged', tail }
    if (head && compareHeads(tail, head) <= 0) return { kind: 'known' }
    this.#adopt(identity, chain)
    return { kind: 'adopted' }
  }

  /** Loses what no chain uses, as a store with bounded staging may. */
  evict(): void {
    const used = new Set([...this.#chains.values()].flat().map((entry) => entry.key))
    for (const key of this.#all.keys()) if (!used.has(key)) this.#all.delete(key)
  }

  has(identity: PlayerId, position: HeadPosition): boolean {
    return this.#chains.get(identity)?.some((entry) => entry.key === position.key) ?? false
  }

  /** At most three entries, so that runs are many. */
  read(identity: PlayerId, after: HeadPosition | undefined): Entry[] {
    const chain = this.#chains.get(identity) ?? []
    const from = after ? chain.findIndex((entry) => entry.key === after.key) + 1 : 0
    return after && from === 0 ? [] : chain.slice(from, from + 3)
  }

  sample(identity: PlayerId): HeadPosition[] {
    const chain = this.#chains.get(identity) ?? []
    const points: HeadPosition[] = []
    for (let back = 1; back <= chain.length; back *= 2) points.push(chain[chain.length - back]!)
    return points.map(({ comparable, key }) => ({ comparable, key }))
  }

  #chainTo(tail: Entry): Entry[] {
    const chain: Entry[] = []
    for (let at: Entry | undefined = tail; at; at = at.parent === null ? undefined : this.#all.get(at.parent))
      chain.unshift(at)
    return chain
  }

  #adopt(identity: PlayerId, chain: Entry[]): void {
    const before = this.#chains.get(identity) ?? []
    let shared = 0
    while (shared < before.length && before[shared]!.key === chain[shared]?.key) shared++
    this.#chains.set(identity, chain)
    const head = this.head(identity)!
    const last = before[shared - 1]
    const ancestor = last && { comparable: last.comparable, key: last.key }
    const entries = chain.slice(shared)
    this.onChange({ head, entries, ...(shared < before.length && { changeover: { ancestor } }) })
  }
}

function makeEntry(identity: PlayerId, parent: EntryKey | null, comparable: Micros, note: string): Entry {
  return parse(utf8(JSON.stringify({ identity, parent, comparable, note })))
}

function parse(bytes: Uint8Array): Entry {
  const fields = JSON.parse(fromUtf8(bytes)) as Pick<Entry, 'identity' | 'parent' | 'comparable'>
  const key = entryKeyOf(createHash('sha256').update(bytes).digest())
  return { ...fields, synod: null, payload: { type: 'note' }, key, bytes }
}
