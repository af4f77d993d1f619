import type { Entry, Payload } from '../../lib/entry/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import type { Jams } from './jams.ts'
import type { LiveJam } from './live.ts'

interface Parts {
  readonly feeds: Pick<FeedsApi, 'publish'>
  readonly jams: Pick<Jams, 'joined' | 'tell'>
}

/**
 * Publishes an entry of one's own that sounds here from when it is signed: else what is asked for now would wait until the disk
 * has it, which takes a few milliseconds and at times a hundred. Nobody else learns of it before. @throws what `Store.append`
 * throws; then it is taken back.
 */
export async function publishHeard({ feeds, jams }: Parts, jam: LiveJam, payload: Payload): Promise<Entry> {
  let early: Entry | undefined
  const signed = (entry: Entry): void => {
    if (!jams.joined().includes(jam) || jam.ahead(entry) !== 'taken') return
    early = entry
    jams.tell(jam, { entries: [entry], withdrawn: [] })
  }
  try {
    return await feeds.publish(payload, signed)
  } catch (error) {
    if (early && jam.takeBack(early.key)) jams.tell(jam, { entries: [], withdrawn: [early.key] })
    throw error
  }
}
