import { randomBytes } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { base64, MarmaladeError, rawId, type Clock, type PlayerId } from '../../lib/base/index.ts'
import { definePlugin, need, NETWORK_KEY, parseAddress, type Handlers, type Plugin } from '../../lib/host/index.ts'
import type { PluginHost } from '../../lib/host/index.ts'
import { generateIdentity, nodeCrypto } from '../../lib/keys/index.ts'
import { networkTag, toHandOut, writeInvite } from '../../lib/peers/index.ts'
import type { ConnectionsApi } from '../connections/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import type { JamsApi } from '../jams/index.ts'
import { Accepting } from './accepting.ts'
import { invitesContract, type InviteRow } from './contract.ts'
import { InvitesFile, type Issued } from './file.ts'
import { Issuing, nameOf } from './issuing.ts'

interface Init {
  readonly clock: Clock
  /** Where issued and pending invites are kept. */
  readonly file: string
  /** 32 bytes; the usual one where it is left out. */
  readonly networkKey?: Uint8Array
}

/** Invites: a code that leads from nothing to connected, following each other and in the jam. */
export function invitesPlugin({
  clock,
  file: path,
  networkKey = NETWORK_KEY,
}: Init): Plugin<object, typeof invitesContract> {
  return definePlugin({
    name: 'invites',
    contract: invitesContract,
    needs: {
      feeds: need<FeedsApi>('feeds'),
      jams: need<JamsApi>('jams'),
      connections: need<ConnectionsApi>('connections'),
    },
    async start(host, { feeds, jams, connections }) {
      const network = networkTag(networkKey, nodeCrypto)
      const now = (): number => clock.micros() / 1_000
      const file = new InvitesFile(path)
      const state = await file.load()
      const welcome = (player: PlayerId, issued: Issued): Promise<void> => letIn({ feeds, jams }, player, issued)
      const issuing = new Issuing({ state, file, now, welcome })
      const accepting = new Accepting({ host, feeds, jams, connections, state, file, network, now })
      const work = new Set<Promise<void>>()
      const begin = (done: Promise<unknown>, what: string): void => {
        const tracked: Promise<void> = done
          .then(
            () => undefined,
            (error: unknown) => host.log.info({ err: error }, what),
          )
          .finally(() => work.delete(tracked))
        work.add(tracked)
      }
      const undo = [
        host.onConnection((connection) => begin(accepting.show(connection), 'an invite could not be shown')),
        // A join entry that carries an invite of ours, whoever brought it.
        jams.onChange((jam) => {
          for (const { player, join } of jam.ledger.members.waiting) {
            const { invite } = join.payload
            if (invite?.by !== feeds.identity.id) continue
            begin(issuing.redeemIn(join.key, player, { ...invite, jam: jam.jam }), 'an invite in an entry is not good')
          }
        }),
      ]
      return {
        api: {},
        handlers: handlers({ host, feeds, jams, issuing, accepting, network, now }),
        ready: () => accepting.resume(),
        async stop() {
          for (const take of undo) take()
          await Promise.all(work)
          await issuing.idle()
        },
      }
    },
  })
}

/**
 * Follows whoever came in, and admits it to the jam.
 * @throws MarmaladeError NOT_MEMBER where this node is not in the jam now: whoever shows the invite again is let in later
 */
async function letIn(
  { feeds, jams }: { readonly feeds: FeedsApi; readonly jams: JamsApi },
  player: PlayerId,
  { jam: id, follow }: Issued,
): Promise<void> {
  if (follow && !feeds.follows.follows(feeds.identity.id, player)) {
    await feeds.publish({ type: 'follow', identity: player, on: true })
  }
  if (id === undefined) return
  const jam = jams.joined().find((joined) => joined.jam === id)
  if (!jam)
    throw new MarmaladeError('NOT_MEMBER', 'the inviter is not in that jam now: it lets you in once it is again')
  await jams.admit(jam, player)
}

interface Parts {
  readonly host: PluginHost
  readonly feeds: FeedsApi
  readonly jams: JamsApi
  readonly issuing: Issuing
  readonly accepting: Accepting
  readonly network: Uint8Array
  readonly now: () => number
}

function handlers(parts: Parts): Handlers<typeof invitesContract> {
  const { host, feeds, jams, issuing, accepting, network, now } = parts
  const row = (issued: Issued): InviteRow => ({
    invite: nameOf(issued.key),
    ...(issued.jam !== undefined && { jam: issued.jam }),
    state: issuing.stateOf(issued),
    uses: issued.uses,
    left: Math.max(0, issued.uses - issued.joined.length),
    created: issued.created,
    ...(issued.expires !== undefined && { expires: issued.expires }),
    follow: issued.follow,
    joined: issued.joined.map(({ player }) => ({ player, shown: feeds.directory.shown(player) })),
  })
  return {
    async redeem(shown, { caller }) {
      const { jam, follow } = await issuing.redeem(caller, shown)
      const head = await feeds.store.head(feeds.identity.id)
      return { follows: follow, ...(jam !== undefined && { jam }), ...(head && { head: head.comparable }) }
    },
    invite: {
      async create({ jam: text, uses, expiresIn, follow }) {
        const jam = text === undefined ? undefined : await ownJam(parts, text)
        const created = now()
        const seed = randomBytes(32)
        const issued: Issued = {
          key: base64(rawId(generateIdentity(seed).id)),
          ...(jam !== undefined && { jam }),
          uses,
          created,
          ...(expiresIn !== undefined && { expires: created + expiresIn }),
          revoked: false,
          follow,
          joined: [],
        }
        await issuing.add(issued)
        const addresses = addressesToGive(host)
        const code = writeInvite(
          {
            inviter: feeds.identity.id,
            seed,
            addresses: addresses.map(parseAddress),
            ...(jam !== undefined && { jam }),
            ...(issued.expires !== undefined && { expires: issued.expires / 1_000 }),
          },
          network,
          nodeCrypto,
        )
        return { ...row(issued), code, addresses }
      },
      list: () => issuing.list().map(row),
      revoke: async ({ invite }) => row(await issuing.revoke(invite)),
      async accept({ code }, { signal }) {
        const { pending, error } = await accepting.accept(code, signal)
        const { inviter, jam } = pending
        return {
          inviter,
          shown: feeds.directory.shown(inviter),
          connected: error === undefined,
          ...(jam !== undefined && { jam }),
          ...(error !== undefined && { error }),
        }
      },
    },
  }

  async function ownJam({ jams: all }: Pick<Parts, 'jams'>, text: string): Promise<Issued['jam']> {
    const { jam, ledger } = await all.resolve(text)
    if (jams.joined().some((joined) => joined.jam === jam) && ledger.members.everyone.has(feeds.identity.id)) return jam
    throw new MarmaladeError('NOT_MEMBER', 'only members of a jam invite others to it: join it first')
  }
}

/** Addresses that a code can carry: what others can reach, and the loopback where there is nothing else. */
function addressesToGive(host: PluginHost): string[] {
  const all = host.addresses().filter((text) => !parseAddress(text).host.includes('%'))
  return toHandOut(all, networkInterfaces()).slice(0, 8)
}
