import type { Micros, PlayerId } from '../../lib/base/index.ts'
import type { CreditHead } from '../../lib/engine/index.ts'
import { compareHeads, type HeadPosition } from '../../lib/entry/index.ts'
import { isAgain } from '../../lib/feed/index.ts'
import type { JamEntry } from '../../lib/jam/index.ts'
import { readSaid } from '../../lib/players/index.ts'

/** What a feed says of its player, read from its first entry on. */
export interface Published {
  /** The last entry that was read; undefined where there is none. */
  readonly head: CreditHead | undefined
  /** The name that the player had given itself by then. */
  readonly name: string | undefined
}

interface Named {
  readonly position: HeadPosition
  readonly name: string
  readonly again: boolean
}

/** Reads a feed up to and with what has a comparable. */
export async function publishedIn(
  identity: PlayerId,
  feed: AsyncIterable<JamEntry>,
  until: Micros = Infinity,
): Promise<Published> {
  let head: CreditHead | undefined
  const names = new Map<string, Named>()
  for await (const entry of feed) {
    if (entry.comparable > until) break
    head = { identity, comparable: entry.comparable, key: entry.key }
    const named = nameIn(entry)
    if (!named) continue
    const known = names.get(named.position.key)
    // What claims to publish an original again counts nowhere beside the original itself.
    if (!known || (known.again && !named.again)) names.set(named.position.key, named)
  }
  const last = [...names.values()].sort((a, b) => compareHeads(b.position, a.position))[0]
  return { head, name: last?.name === '' ? undefined : last?.name }
}

function nameIn(entry: JamEntry): Named | undefined {
  const { position, read } = readSaid(entry)
  if (read.kind !== 'identification' || typeof read.payload.name !== 'string') return undefined
  return { position, name: read.payload.name, again: isAgain(entry) }
}
