import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, Micros, PlayerId } from '../../lib/base/index.ts'
import { replaceView } from '../../lib/base/node/replace.ts'
import { definePlugin, need, type Plugin } from '../../lib/host/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import { playersContract, type PlayerRow } from './contract.ts'

const MINUTE = 60_000_000
/** Last seen, told to strangers no finer than this. */
const SEEN: readonly [PlayerRow['lastSeen'], Micros][] = [
  ['now', 10 * MINUTE],
  ['hour', 60 * MINUTE],
  ['day', 24 * 60 * MINUTE],
  ['week', 7 * 24 * 60 * MINUTE],
]
const DEFAULT_LIMIT = 50
/** Views whose text is kept to compare: 1 KB each at most. */
const MOST_REMEMBERED = 1_024

interface Init {
  readonly clock: Clock
  /** Where a file for each player shows what is known of it. */
  readonly folder: string
}

/** Who is who: names, published addresses, when last seen; one's own identification. */
export function playersPlugin({ clock, folder }: Init): Plugin<object, typeof playersContract> {
  return definePlugin({
    name: 'players',
    contract: playersContract,
    needs: { feeds: need<FeedsApi>('feeds') },
    async start(host, { feeds }) {
      const { store, directory, identity } = feeds
      const views = new Views(folder, host.log)
      const row = async (player: PlayerId): Promise<PlayerRow> => {
        const said = directory.identification(player)
        const newest = (await store.head(player))?.comparable ?? 0
        return {
          identity: player,
          shortId: shortIdOf(player),
          ...(said.name !== undefined && { name: said.name }),
          ...(said.about !== undefined && { about: said.about }),
          addresses: [...(said.addresses ?? [])],
          lastSeen: seen(newest, clock.micros()),
        }
      }
      const unsubscribe = feeds.onFolded(({ head: { identity: player } }) =>
        views.write(directory.fileNameOf(player), () => row(player)),
      )
      return {
        api: {},
        handlers: {
          async players({ limit = DEFAULT_LIMIT }, { role }) {
            // Whom the owner ignores is hidden from the owner alone: others must not learn of it.
            const hidden = (player: PlayerId): boolean =>
              feeds.follows.blocks(player) || (role === 'self' && feeds.ignored.has(player))
            const rows = []
            for await (const head of store.heads()) {
              if (!hidden(head.identity)) rows.push({ player: head.identity, newest: head.comparable })
            }
            rows.sort((a, b) => b.newest - a.newest)
            return Promise.all(rows.slice(0, limit).map(({ player }) => row(player)))
          },
          whoami() {
            const name = directory.nameOf(identity.id)
            const own = { identity: identity.id, shortId: shortIdOf(identity.id), addresses: [...host.addresses()] }
            return name === undefined ? own : { ...own, name }
          },
          async identify(given) {
            const entry = await feeds.publish({ type: 'identification', ...given })
            return { key: entry.key }
          },
        },
        async stop() {
          unsubscribe()
          await views.done()
        },
      }
    },
  })
}

function seen(newest: Micros, now: Micros): PlayerRow['lastSeen'] {
  if (newest === 0) return 'never'
  return SEEN.find(([, within]) => now - newest <= within)?.[0] ?? 'longer'
}

/** `players/<short id>.json`: views for people, written again when something changed, one write at a time for each. */
class Views {
  readonly #folder: string
  readonly #log: { warn(fields: object, message: string): void }
  readonly #wanted = new Map<string, () => Promise<object>>()
  /** The text last written under a name, of those written last: most changes of a feed change nothing here. */
  readonly #written = new Map<string, string>()
  #made = false
  #writing: Promise<void> = Promise.resolve()
  #busy = false

  constructor(folder: string, log: { warn(fields: object, message: string): void }) {
    this.#folder = folder
    this.#log = log
  }

  write(name: string, view: () => Promise<object>): void {
    this.#wanted.set(name, view)
    if (this.#busy) return
    this.#busy = true
    this.#writing = this.#drain()
      .catch((error: unknown) => this.#log.warn({ err: error }, 'the folder of players could not be made'))
      .finally(() => {
        this.#busy = false
      })
  }

  async done(): Promise<void> {
    await this.#writing
  }

  async #drain(): Promise<void> {
    if (!this.#made) await mkdir(this.#folder, { recursive: true })
    this.#made = true
    for (;;) {
      const [next] = this.#wanted
      if (!next) return
      const [name, view] = next
      this.#wanted.delete(name)
      try {
        await this.#write(name, await view())
      } catch (error) {
        this.#log.warn({ err: error }, 'a view of a player could not be written')
      }
    }
  }

  async #write(name: string, view: object): Promise<void> {
    const text = `${JSON.stringify(view, null, 2)}\n`
    if (this.#written.get(name) === text) return
    // Base64 with `/` as `_`, or base64url: both are safe as file names.
    const file = join(this.#folder, `${name}.json`)
    await replaceView(file, text, 0o666)
    this.#written.delete(name)
    this.#written.set(name, text)
    const [oldest] = this.#written.keys()
    if (this.#written.size > MOST_REMEMBERED && oldest !== undefined) this.#written.delete(oldest)
  }
}
