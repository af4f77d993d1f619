import { z } from 'zod'
import type { Clock } from '../../lib/base/index.ts'
import { definePlugin, need, type Log, type Plugin } from '../../lib/host/index.ts'
import { MARGIN_FRAMES, LOOK_AHEAD_FRAMES } from '../../lib/engine/index.ts'
import type { ConnectionsApi } from '../connections/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import type { GeneratorsApi } from '../generators/index.ts'
import { Clocks } from './clocks.ts'
import { jamsContract } from './contract.ts'
import { Heralds } from './heralds.ts'
import { Jams } from './jams.ts'
import { manageHandlers } from './manage.ts'
import { Membership } from './membership.ts'
import { performHandlers } from './perform.ts'
import type { JamsApi } from './types.ts'

const options = z.strictObject({
  /** Let players in whom one follows, without asking. */
  admitFollowed: z.boolean().default(true),
})

/** Jams: who is in them, what is asked to be played, and telling members of it ahead of gossip. */
export function jamsPlugin({ clock }: { readonly clock: Clock }): Plugin<JamsApi, typeof jamsContract> {
  return definePlugin({
    name: 'jams',
    contract: jamsContract,
    needs: {
      feeds: need<FeedsApi>('feeds'),
      generators: need<GeneratorsApi>('generators'),
      connections: need<ConnectionsApi>('connections'),
    },
    options,
    async start(host, { feeds, generators, connections }, { admitFollowed }) {
      const jams = new Jams({ feeds, clock })
      const membership = new Membership({ host, feeds, jams, clock, admitFollowed })
      const settled = (): Promise<void> => jams.settled()
      const heralds = new Heralds({ host, feeds, jams, clock, settled })
      const clocks = new Clocks({
        host,
        jams,
        clock,
        self: feeds.identity.id,
        shown: (player) => feeds.directory.shown(player),
      })

      // What changes while the jams are read waits its turn.
      const loaded = jams.load()
      const unsubscribe = feeds.store.onChange((change) => {
        jams
          .observe(change)
          .catch((error: unknown) => host.log.error({ err: error }, 'a change could not be folded into the jams'))
      })
      const work = new Work(host.log)
      const unmember = jams.onChange((jam) => work.add(() => membership.refresh(jam)))
      const unselect = jams.onCurrent((jam) => {
        if (jam) work.add(() => membership.refresh(jam))
      })
      // Whom our player follows from now on may be waiting.
      const unfollow = feeds.tracked.onChange(() =>
        work.add(async () => {
          for (const jam of jams.joined()) await membership.admitFollowed(jam)
        }),
      )
      const unconnect = host.onConnection((connection) => {
        membership
          .introduce(connection.player)
          .catch((error: unknown) => host.log.info({ err: error }, 'could not ask to join'))
      })
      await loaded
      for (const jam of jams.joined()) await membership.refresh(jam)

      const lookAhead = LOOK_AHEAD_FRAMES + MARGIN_FRAMES
      const api: JamsApi = {
        current: () => jams.current(),
        now: (jam) => jam.frameAt(clock),
        zero: (jam) => jam.zero(clock),
        clock: (jam) => clocks.row(jam),
        clockSettled: (jam) => clocks.settled(jam),
        onZero: (listener) => clocks.onZero(listener),
        joined: () => jams.joined(),
        resolve: (text) => jams.resolve(text),
        select: (jam) => jams.select(jam),
        admit: (jam, player) => membership.admit(jam, player),
        onChange: (listener) => jams.onChange(listener),
        onCurrent: (listener) => jams.onCurrent(listener),
        setSounder: (sounder) => heralds.setSounder(sounder),
      }
      return {
        api,
        handlers: {
          join: ({ jam }, { caller }) => ({ state: membership.ask(caller, jam) }),
          play({ entry, address }, { caller }) {
            // Where the caller says that it is: dialled only if it proves to be that player.
            if (address !== undefined) connections.learn(caller, address, 'told')
            return heralds.receive(caller, entry)
          },
          clock: ({ jam }, { caller }) => clocks.answer(jam, caller),
          jam: manageHandlers({ feeds, jams, heralds, membership, clocks, clock, lookAhead, settled }),
          perform: performHandlers({ feeds, generators, jams, heralds, clock, lookAhead }),
        },
        async stop() {
          clocks.stop()
          unconnect()
          unfollow()
          unselect()
          unmember()
          unsubscribe()
          await work.idle()
          await settled()
          membership.stop()
        },
      }
    },
  })
}

/** Looks at members that nobody waits for, one after the other; the node does not close under them. */
class Work {
  readonly #log: Log
  #last: Promise<void> = Promise.resolve()

  constructor(log: Log) {
    this.#log = log
  }

  add(work: () => Promise<void>): void {
    this.#last = this.#last
      .then(work)
      .catch((error: unknown) => this.#log.error({ err: error }, 'members could not be looked at again'))
  }

  idle(): Promise<void> {
    return this.#last
  }
}
