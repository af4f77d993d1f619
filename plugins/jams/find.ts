import {
  isJamId,
  isName,
  jamIdOf,
  MarmaladeError,
  ownedParts,
  type JamId,
  type PlayerId,
} from '../../lib/base/index.ts'
import type { Entry } from '../../lib/entry/index.ts'
import { believedIn, type Directory } from '../../lib/players/index.ts'
import type { Store } from '../../lib/store/index.ts'

const SAYS: ReadonlySet<string> = new Set(['jam'])

interface Where {
  readonly store: Store
  readonly directory: Directory
}

/** Every jam whose start is in a feed that is here. */
export async function knownJams(store: Store): Promise<JamId[]> {
  const ids = new Set<JamId>()
  for await (const entry of store.byType('jam')) {
    const said = await jamIn(store, entry)
    if (said?.action === 'start' && ownedParts(said.jam).owner === entry.identity) ids.add(said.jam)
  }
  return [...ids]
}

/** What an entry says of its author's being in a jam, if it does and counts. */
export async function jamIn(
  store: Pick<Store, 'get'>,
  entry: Entry,
): Promise<{ jam: JamId; action: 'start' | 'join' | 'leave' } | undefined> {
  const believed = await believedIn(store, entry, SAYS)
  if (believed?.read.kind !== 'jam') return undefined
  const { jam, action } = believed.read.payload
  return action === 'start' || action === 'join' || action === 'leave' ? { jam, action } : undefined
}

/** The jams that a player started or joined and has not left, as its feed says, in the order in which it was. */
export async function joinedJams(store: Store, player: PlayerId): Promise<Set<JamId>> {
  const joined = new Set<JamId>()
  for await (const entry of store.byType('jam', { identity: player, reverse: true })) {
    const said = await jamIn(store, entry)
    if (said) joined.delete(said.jam)
    if (said && said.action !== 'leave') joined.add(said.jam)
  }
  return joined
}

/**
 * The jam that text names: an id, `starter:name`, or a name that is unambiguous, among `preferred` first.
 * @throws MarmaladeError JAM_UNKNOWN, JAM_AMBIGUOUS, PLAYER_UNKNOWN, PLAYER_AMBIGUOUS
 */
export async function findJam(
  { store, directory }: Where,
  text: string,
  preferred: ReadonlySet<JamId>,
): Promise<JamId> {
  if (isJamId(text)) return text
  const colon = text.lastIndexOf(':')
  const name = text.slice(colon + 1)
  if (colon > 0 && isName(name)) return jamIdOf(directory.resolve(text.slice(0, colon)), name)
  const named = [...new Set([...preferred, ...(await knownJams(store))])].filter((id) => ownedParts(id).name === text)
  const mine = named.filter((id) => preferred.has(id))
  const [found, ...others] = mine.length > 0 ? mine : named
  if (!found) {
    throw new MarmaladeError('JAM_UNKNOWN', `no jam called ${text} is known here: follow its starter, or import it`)
  }
  if (others.length > 0) {
    const all = [found, ...others].map((id) => `${directory.shown(ownedParts(id).owner)}:${text}`)
    throw new MarmaladeError('JAM_AMBIGUOUS', `${text} could be ${all.join(' or ')}: say which`)
  }
  return found
}
