import type { EntryKey } from '../base/index.ts'
import type { PayloadOf } from '../entry/index.ts'
import type { Trace } from './trace.ts'

/** Heads that one `rebase` names at most (its schema), and that a rewritten chain carries on: the latest are kept. */
const MAX_REPLACES = 64
const MAX_CARRIED = 1_024
/** The newest `rebase` entries of a feed, so many, are looked at by who keeps its losing branches. */
export const MAX_LOOKED_AT = 64

/** A `rebase` of a chain with what of it is there: `whole` once every entry that belongs to it is. */
export interface Declared {
  /** Index of the `rebase` in the chain. */
  readonly at: number
  /** Index after the last entry that belongs to it. */
  readonly end: number
  readonly whole: boolean
  readonly replaces: readonly EntryKey[]
}

/** Every `rebase` of a chain, in order. */
export function declaredIn(chain: readonly Trace[]): Declared[] {
  const found: Declared[] = []
  for (const [at, { rebase }] of chain.entries()) {
    if (!rebase) continue
    const end = at + 1 + rebase.kept
    found.push({ at, end: Math.min(end, chain.length), whole: end <= chain.length, replaces: rebase.replaces })
  }
  return found
}

/**
 * The heads that the whole ones of a chain's rebases, or of the newest of them, name: what their chains held is in this
 * one, or was dropped.
 */
export function namedIn(chain: readonly Trace[], newest = Infinity): EntryKey[] {
  return declaredIn(chain)
    .slice(-newest)
    .flatMap(({ whole, replaces }) => (whole ? replaces : []))
}

/**
 * The `rebase` payloads that name these heads, the most important first. `kept` entries follow on the last of them.
 */
export function rebasePayloads(heads: readonly EntryKey[], kept: number): PayloadOf<'rebase'>[] {
  const named = [...new Set(heads)].slice(0, MAX_CARRIED)
  const parts: EntryKey[][] = []
  for (let at = 0; at < named.length; at += MAX_REPLACES) parts.push(named.slice(at, at + MAX_REPLACES))
  return parts.map((replaces, i) => {
    const after = kept + parts.length - 1 - i
    return after === 0 ? { type: 'rebase', replaces } : { type: 'rebase', replaces, kept: after }
  })
}
