import type { JamId, PlayerId } from '../../lib/base/index.ts'
import { jamOf, readPayload, typeOf, type Entry } from '../../lib/entry/index.ts'
import type { Store } from '../../lib/store/index.ts'
import type { Said } from './contract.ts'

/** Of what was said before so much is told, looked for among so many notes. */
const MAX_BEFORE = 20
const MAX_LOOKED = 512

/** What an entry says in a jam. */
export function saidIn(jam: JamId, entry: Entry, shown: (player: PlayerId) => string): Said | undefined {
  if (typeOf(entry) !== 'public_note' || jamOf(entry) !== jam) return undefined
  const read = readPayload(entry)
  if (read.kind !== 'public_note') return undefined
  return { key: entry.key, shown: shown(entry.identity), text: read.payload.text }
}

/** What was said in a jam last, by the clocks of those who said it, oldest first. */
export async function saidBefore(store: Store, jam: JamId, shown: (player: PlayerId) => string): Promise<Said[]> {
  const found: { readonly at: number; readonly said: Said }[] = []
  for await (const entry of store.byType('public_note', { limit: MAX_LOOKED })) {
    const said = saidIn(jam, entry, shown)
    if (said) found.push({ at: entry.comparable, said })
    if (found.length >= MAX_BEFORE) break
  }
  return found.sort((a, b) => a.at - b.at).map(({ said }) => said)
}
