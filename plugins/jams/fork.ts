import { isName, jamIdOf, MarmaladeError, ownedParts, type Name } from '../../lib/base/index.ts'
import type { Payload } from '../../lib/entry/index.ts'
import { ENGINE, forkPoint, type ForkPoint } from '../../lib/jam/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import type { JamRow } from './contract.ts'
import type { Jams } from './jams.ts'
import type { LiveJam } from './live.ts'
import type { Membership } from './membership.ts'

/** Names that are tried for a fork that is given none. */
const MAX_NUMBER = 1_000

interface Parts {
  readonly feeds: FeedsApi
  readonly jams: Jams
  readonly membership: Membership
}

/**
 * The start of a jam of one's own that begins as another stands at a bar.
 * @param bar counted from 1
 * @throws MarmaladeError BAR_AHEAD where the jam has not come to it, BAR_PASSED where it is over, FORK_TOO_LARGE
 */
export function startOfFork(
  parts: Parts,
  jam: LiveJam,
  { bar, title }: { readonly bar: number; readonly title: string | undefined },
): Omit<Payload & object, 'jam'> {
  const { feeds, membership } = parts
  const point: ForkPoint = forkPoint(jam.ledger, bar - 1, feeds.identity.id)
  if (jam.ledger.grid.tickOfBar(bar - 1) > membership.tickNow(jam))
    throw new MarmaladeError('BAR_AHEAD', `the jam has not come to bar ${bar}: see \`jam show\` for the one that plays`)
  const said = title ?? jam.ledger.start?.payload.title
  return { type: 'jam', action: 'start', engine: ENGINE, ...point, ...(said !== undefined && { title: said }) }
}

/** `friday-2`, then `friday-3` …: a name that one has given no jam yet. */
export async function nameOfFork({ feeds, jams }: Parts, jam: LiveJam): Promise<Name> {
  for (let number = 2; number < MAX_NUMBER; number++) {
    const candidate = `${jam.ledger.name.slice(0, 58)}-${number}`
    if (isName(candidate) && !(await jams.open(jamIdOf(feeds.identity.id, candidate))).ledger.start) return candidate
  }
  throw new MarmaladeError('JAM_NAME_USED', `all numbers of ${jam.ledger.name} are used: name the fork with --as`)
}

/** What a jam was forked from, and how much of that is lacking here. */
export function forkedRow({ feeds }: Pick<Parts, 'feeds'>, { ledger }: LiveJam): Pick<JamRow, 'from'> {
  const { fork } = ledger
  if (!fork) return {}
  const { owner, name } = ownedParts(fork.jam)
  const counted = [...ledger.items()].filter((item) => item.carried && ledger.refuse(item) === undefined)
  const missing = fork.size - counted.length
  return { from: { jam: fork.jam, name, shown: feeds.directory.shown(owner), bar: fork.bar + 1, missing } }
}
