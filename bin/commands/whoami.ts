import { networkInterfaces } from 'node:os'
import type { Command } from 'commander'
import { loadIdentity, shortIdOf, type Identity } from '../../lib/keys/index.ts'
import { toHandOut } from '../../lib/peers/index.ts'
import { openHome } from '../../lib/store/index.ts'
import { playersContract } from '../../plugins/players/index.ts'
import { act, addCommand, type Context } from '../cli/context.ts'
import { openOffline } from '../cli/offline.ts'

export function addWhoami(program: Command): void {
  const command = addCommand(program, {
    usage: 'whoami',
    summary: 'your identity, and the addresses to hand out',
    examples: ['whoami', 'whoami --json'],
  })
  act(command, async (context) => {
    const node = await context.nodeIfRunning(playersContract)
    if (node) {
      const me = await node.whoami()
      context.print(me, () =>
        [
          `${me.name ?? 'you have no name yet: `name NAME`'}  ${me.shortId}`,
          me.identity,
          ...toHandOut(me.addresses, networkInterfaces()),
        ].join('\n'),
      )
      return
    }
    const { id } = loadIdentity(openHome(context.homeOption).secret) ?? (await newIdentity(context))
    const me = { identity: id, shortId: shortIdOf(id), addresses: [] }
    context.print(me, () => `${me.shortId}\n${id}\nno node runs: \`start\` it to be reached`)
  })
}

/** Made together with its database: a key that finds an empty one would be taken for one that was put back. */
async function newIdentity(context: Context): Promise<Identity> {
  const home = await openOffline(context)
  await home.close()
  return home.identity
}
