import type { EntryKey, Micros, PlayerId } from '../../lib/base/index.ts'
import type { CreditHead } from '../../lib/engine/index.ts'
import type { JamEntry, Score } from '../../lib/jam/index.ts'
import { readSaid } from '../../lib/players/index.ts'
import type { JamSource } from './jam-source.ts'
import { publishedIn } from './published.ts'

/** Of what is said in a jam, the first so many by each player. */
const MAX_SAID = 500

/** Something said to everybody in a jam. */
export interface SaidInJam {
  readonly player: PlayerId
  /** By its author's clock. */
  readonly comparable: Micros
  readonly text: string
}

/** What the feeds of a jam's players say of them. */
export interface People {
  readonly heads: readonly CreditHead[]
  /** As players published them. */
  readonly names: ReadonlyMap<PlayerId, string>
  /** In the order of its time. */
  readonly said: readonly SaidInJam[]
}

/** Reads the feeds of all whose entries a score is made of, each once. */
export async function peopleOf(
  source: Pick<JamSource, 'jam' | 'feed'>,
  score: Pick<Score, 'players'>,
): Promise<People> {
  const heads: CreditHead[] = []
  const names = new Map<PlayerId, string>()
  const all: SaidInJam[] = []
  for (const player of score.players) {
    const said = new Map<EntryKey, SaidInJam>()
    const { head, name } = await publishedIn(player, listened(source.jam, source.feed(player), said))
    if (head) heads.push(head)
    if (name !== undefined) names.set(player, name)
    all.push(...said.values())
  }
  all.sort((a, b) => a.comparable - b.comparable || (a.player < b.player ? -1 : 1))
  return { heads, names, said: all }
}

/** A feed as it is, with what is said in a jam kept: an original and what publishes it again once. */
async function* listened(
  jam: JamSource['jam'],
  feed: AsyncIterable<JamEntry>,
  said: Map<EntryKey, SaidInJam>,
): AsyncGenerator<JamEntry> {
  for await (const entry of feed) {
    const { position, read } = readSaid(entry)
    if (read.kind === 'public_note' && read.payload.jam === jam && said.size < MAX_SAID) {
      const { key, comparable } = position
      if (!said.has(key)) said.set(key, { player: entry.identity, comparable, text: read.payload.text })
    }
    yield entry
  }
}
