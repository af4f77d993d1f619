import { SAMPLE_RATE, type Clock, type Ticks } from '../../lib/base/index.ts'
import type { Payload } from '../../lib/entry/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import type { Performed } from './contract.ts'
import type { Heralds } from './heralds.ts'
import type { Jams } from './jams.ts'
import type { LiveJam } from './live.ts'
import { publishHeard } from './publish-heard.ts'

interface Parts {
  readonly feeds: FeedsApi
  readonly jams: Jams
  readonly heralds: Heralds
  readonly clock: Clock
}

/**
 * Publishes what changes what sounds from a tick on, tells the members who are connected, and gives who hears it from when.
 * @throws what `Store.append` throws
 */
export async function act(parts: Parts, jam: LiveJam, payload: Payload & object, at: Ticks): Promise<Performed> {
  const entry = await publishHeard(parts, jam, payload)
  const { grid } = jam.ledger
  const inMillis = ((grid.frameOfTick(at) - jam.frameAt(parts.clock)) * 1_000) / SAMPLE_RATE
  const place = { at, bar: Math.floor(grid.barOfTick(at)) + 1, inMillis }
  return { key: entry.key, jam: jam.jam, place, hears: await parts.heralds.announce(jam, entry) }
}
