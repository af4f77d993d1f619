import {
  base64,
  fromBase64,
  MarmaladeError,
  refusal,
  type Clock,
  type PlayerId,
  type Refusal,
} from '../../lib/base/index.ts'
import { isAhead, parseEntry, readPayload, verifyEntry, type Entry } from '../../lib/entry/index.ts'
import type { PluginHost } from '../../lib/host/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import { jamsContract, type Hearing, type PlayAnswer } from './contract.ts'
import type { Jams } from './jams.ts'
import type { LiveJam } from './live.ts'
import type { Sounder } from './types.ts'

/** How long a member's node gets to say when it will start what it was told of. */
const ANSWER_MILLIS = 2_000
/** Members asked about one play. */
const MAX_ASKED = 64

interface Init {
  readonly host: PluginHost
  readonly feeds: FeedsApi
  readonly jams: Jams
  readonly clock: Clock
  /** Resolves when every change of the feeds so far is folded in. */
  readonly settled: () => Promise<void>
}

/** Sends plays ahead of gossip to connected members, and takes theirs in. */
export class Heralds {
  readonly #init: Init
  #sounder: Sounder | undefined

  constructor(init: Init) {
    this.#init = init
  }

  setSounder(sounder: Sounder): void {
    this.#sounder = sounder
  }

  /** Tells connected members of a play of ours; who hears it from when. */
  async announce(jam: LiveJam, entry: Entry): Promise<Hearing[]> {
    const { host, feeds } = this.#init
    const [address] = host.addresses()
    const others = host
      .connections()
      .filter(({ player }) => jam.ledger.members.everyone.has(player))
      .slice(0, MAX_ASKED)
    const own = this.#answer(jam, entry).then((answer) => this.#hearing(feeds.identity.id, answer))
    const asked = others.map(async (connection) => {
      const signal = AbortSignal.timeout(ANSWER_MILLIS)
      try {
        const answer = await connection
          .remote(jamsContract)
          .play({ entry: base64(entry.bytes), ...(address !== undefined && { address }) }, { signal })
        return this.#hearing(connection.player, answer)
      } catch (error) {
        host.log.info({ err: error, player: connection.player }, 'a member did not answer a play')
        return { player: connection.player, shown: this.#shown(connection.player), state: 'unreachable' as const }
      }
    })
    return Promise.all([own, ...asked])
  }

  /**
   * Takes a play that a member sends ahead of gossip: into the store where it goes on from what is here of its feed,
   * else into the jam alone until its feed brings it.
   * @throws MarmaladeError PLAY_NOT_CALLERS, JAM_UNKNOWN, and the refusals of entries
   */
  async receive(caller: PlayerId, text: string): Promise<PlayAnswer> {
    const parsed = parseEntry(fromBase64(text), nodeCrypto)
    if (!parsed.ok) return { code: parsed.code, message: parsed.message }
    const { entry } = parsed
    const read = readPayload(entry)
    if (entry.identity !== caller || read.kind !== 'play') {
      throw new MarmaladeError('PLAY_NOT_CALLERS', 'send a play entry of your own feed')
    }
    if (!verifyEntry(entry, nodeCrypto))
      return { code: 'ENTRY_SIGNATURE', message: 'the entry is not signed by the caller' }
    const jam = this.#init.jams.joined().find((joined) => joined.jam === read.payload.jam)
    if (!jam) return { code: 'JAM_UNKNOWN', message: 'this node is not in that jam' }
    const unfit = await this.#append(entry)
    if (unfit) return unfit
    // Appended, it comes by its feed like any other; what is left is ahead of what is here of that feed.
    await this.#init.settled()
    const kept = jam.ahead(entry)
    if (kept === 'full')
      return refusal('PLAYS_AHEAD', 'too many plays have come ahead of your feed: wait until gossip has brought it')
    if (kept === 'taken') this.#init.jams.tell(jam, { entries: [entry], withdrawn: [] })
    return this.#answer(jam, entry)
  }

  /** Where the entry follows what is here it is appended at once; else its feed brings it, unless no feed can. */
  async #append(entry: Entry): Promise<Refusal | undefined> {
    if (isAhead(entry.comparable, this.#init.clock.micros())) {
      return refusal(
        'CLOCK_BEHIND_FEED',
        "that play is more than 10 minutes ahead of this node's clock: set the clocks",
      )
    }
    const kept = await this.#init.feeds.store.ingest(entry.identity, [entry.bytes])
    return kept.kind === 'refused' && kept.code !== 'FEED_GAP' ? refusal(kept.code, kept.message) : undefined
  }

  async #answer(jam: LiveJam, entry: Entry): Promise<PlayAnswer> {
    await this.#init.settled()
    const play = jam.item(entry.key)
    if (play?.kind !== 'play') return { code: 'INSTANCE_TAKEN', message: 'that play is not one that counts' }
    const refused = jam.ledger.refuse(play)
    if (refused) return { code: refused.code, message: refused.message }
    if (!this.#sounder) return { code: 'NOT_SOUNDING', message: 'this node plays no sound' }
    return this.#sounder(jam, play)
  }

  #hearing(player: PlayerId, answer: PlayAnswer): Hearing {
    const shown = this.#shown(player)
    if ('startsAt' in answer) return { player, shown, state: 'from', bar: answer.startsAt.bar }
    if ('fetching' in answer) return { player, shown, state: 'fetching', percent: answer.percent }
    return { player, shown, state: 'refused', code: answer.code, message: answer.message }
  }

  #shown(player: PlayerId): string {
    return player === this.#init.feeds.identity.id ? 'you' : this.#init.feeds.directory.shown(player)
  }
}
