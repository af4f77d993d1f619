import {
  base64,
  fromBase64,
  hasCode,
  MarmaladeError,
  refusal,
  timeoutAfter,
  type Clock,
  type JamId,
  type PlayerId,
  type Refusal,
} from '../../lib/base/index.ts'
import { isAhead, parseEntry, readPayload, verifyEntry, type Entry } from '../../lib/entry/index.ts'
import type { Connection, PluginHost } from '../../lib/host/index.ts'
import { isPlaced } from '../../lib/jam/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import { jamsContract, type Hearing, type PlayAnswer } from './contract.ts'
import type { Jams } from './jams.ts'
import type { LiveJam } from './live.ts'
import type { Sounder } from './types.ts'

/** How long a member's node gets to say when it will start what it was told of. */
const ANSWER_MILLIS = 2_000
/** Members asked about one change, and of those who are not connected so many named. */
const MAX_ASKED = 64

interface Init {
  readonly host: PluginHost
  readonly feeds: FeedsApi
  readonly jams: Jams
  readonly clock: Clock
  /** Resolves when every change of the feeds so far is folded in. */
  readonly settled: () => Promise<void>
}

/** Sends changes of what sounds ahead of gossip to connected members, and takes theirs in. */
export class Heralds {
  readonly #init: Init
  #sounder: Sounder | undefined

  constructor(init: Init) {
    this.#init = init
  }

  setSounder(sounder: Sounder): void {
    this.#sounder = sounder
  }

  /** Tells connected members of a change of ours; who of all members hears it from when. */
  async announce(jam: LiveJam, entry: Entry): Promise<Hearing[]> {
    const { host, feeds } = this.#init
    const self = feeds.identity.id
    const others = host
      .connections()
      .filter(({ player }) => jam.ledger.members.everyone.has(player))
      .slice(0, MAX_ASKED)
    const away = this.#away(jam).map((player) => ({ player, shown: this.#shown(player), state: 'away' as const }))
    const own = this.#answer(jam, entry).then((answer) => this.#hearing(self, answer))
    return [...(await Promise.all([own, ...others.map((other) => this.#ask(other, entry))])), ...away]
  }

  /** Members of now who are not connected. */
  #away(jam: LiveJam): PlayerId[] {
    const { host, feeds, clock } = this.#init
    const { members, grid } = jam.ledger
    const tick = Math.max(0, grid.tickOfFrame(jam.frameAt(clock)))
    return [...members.everyone]
      .filter((player) => player !== feeds.identity.id && members.countsAt(player, tick) && !host.connectionTo(player))
      .slice(0, MAX_ASKED)
  }

  async #ask(connection: Connection, entry: Entry): Promise<Hearing> {
    const { host } = this.#init
    const { player } = connection
    const [address] = host.addresses()
    const signal = timeoutAfter(ANSWER_MILLIS)
    try {
      const answer = await connection
        .remote(jamsContract)
        .play({ entry: base64(entry.bytes), ...(address !== undefined && { address }) }, { signal })
      return this.#hearing(player, answer)
    } catch (error) {
      host.log.info({ err: error, player }, 'a member did not answer')
      return {
        player,
        shown: this.#shown(player),
        state: 'unreachable',
        ...(hasCode(error, 'PLAY_NOT_CALLERS') && {
          code: 'PLAY_NOT_CALLERS',
          message: 'its version says so of plays alone',
        }),
      }
    }
  }

  /**
   * Takes a change that a member sends ahead of gossip: into the store where it goes on from what is here of its feed,
   * else into the jam alone until its feed brings it.
   * @throws MarmaladeError PLAY_NOT_CALLERS, and the refusals of entries
   */
  async receive(caller: PlayerId, text: string): Promise<PlayAnswer> {
    const parsed = parseEntry(fromBase64(text), nodeCrypto)
    if (!parsed.ok) return { code: parsed.code, message: parsed.message }
    const { entry } = parsed
    const changed = jamChangedBy(entry)
    if (entry.identity !== caller || changed === undefined) {
      throw new MarmaladeError('PLAY_NOT_CALLERS', 'send an entry of your own feed that changes what sounds in a jam')
    }
    if (!verifyEntry(entry, nodeCrypto))
      return { code: 'ENTRY_SIGNATURE', message: 'the entry is not signed by the caller' }
    const jam = this.#init.jams.joined().find((joined) => joined.jam === changed)
    if (!jam) return { code: 'JAM_UNKNOWN', message: 'this node is not in that jam' }
    const unfit = await this.#append(entry)
    if (unfit) return unfit
    // Appended, it comes by its feed like any other; what is left is ahead of what is here of that feed.
    await this.#init.settled()
    const kept = jam.ahead(entry)
    if (kept === 'full')
      return refusal('PLAYS_AHEAD', 'too much has come ahead of your feed: wait until gossip has brought it')
    if (kept === 'taken') this.#init.jams.tell(jam, { entries: [entry], withdrawn: [] })
    return this.#answer(jam, entry)
  }

  /** Where the entry follows what is here it is appended at once; else its feed brings it, unless no feed can. */
  async #append(entry: Entry): Promise<Refusal | undefined> {
    if (isAhead(entry.comparable, this.#init.clock.micros())) {
      return refusal(
        'CLOCK_BEHIND_FEED',
        "that entry is more than 10 minutes ahead of this node's clock: set the clocks",
      )
    }
    const kept = await this.#init.feeds.store.ingest(entry.identity, [entry.bytes])
    return kept.kind === 'refused' && kept.code !== 'FEED_GAP' ? refusal(kept.code, kept.message) : undefined
  }

  async #answer(jam: LiveJam, entry: Entry): Promise<PlayAnswer> {
    await this.#init.settled()
    const item = jam.item(entry.key)
    if (!item || !isPlaced(item)) return refusal('INSTANCE_TAKEN', 'that entry is not one that counts')
    const refused = jam.ledger.refuse(item)
    if (refused) return { code: refused.code, message: refused.message }
    if (!this.#sounder) return { code: 'NOT_SOUNDING', message: 'this node plays no sound' }
    return this.#sounder(jam, item)
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

/** The jam of which an entry changes what sounds. */
function jamChangedBy(entry: Entry): JamId | undefined {
  const read = readPayload(entry)
  switch (read.kind) {
    case 'play':
    case 'stop':
    case 'param':
      return read.payload.jam
    case 'tag':
      return 'jam' in read.payload ? read.payload.jam : undefined
    case 'jam': {
      const { action, jam } = read.payload
      return action === 'tempo' || action === 'meter' || action === 'end' ? jam : undefined
    }
    default:
      return undefined
  }
}
