import { isPlayerId } from '../../lib/base/index.ts'
import { connectionsContract } from '../../plugins/connections/index.ts'
import type { Context } from './context.ts'
import { beginning, shortOf } from './prefix.ts'

const BEGINNING = /^@[A-Za-z0-9+/]{8,43}$/

/** What to call a player in a table: where it is an identity, how that begins, which `playerNamed` takes. */
export const called = (shown: string): string => (isPlayerId(shown) ? `@${shortOf(shown)}` : shown)

/**
 * What a person calls a player, for the node to resolve: how the identity of a connected stranger begins is made whole.
 * @throws MarmaladeError PREFIX_AMBIGUOUS, NODE_NOT_RUNNING
 */
export async function playerNamed(context: Context, text: string): Promise<string> {
  if (!BEGINNING.test(text)) return text
  const links = await (await context.node(connectionsContract)).connections.list()
  return (
    beginning(
      text,
      links.map(({ player }) => ({ id: player, meant: player })),
    ) ?? text
  )
}
