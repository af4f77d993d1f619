import type { BlobId, PlayerId } from '../../lib/base/index.ts'
import type { GeneratorsApi } from '../generators/index.ts'
import type { LiveJam } from '../jams/index.ts'

/** Generators looked at: the newest of one's own, and of so many others. */
const OWN = 8
const OTHERS = { players: 8, each: 2 }

/**
 * Archives that a jam's members may play next: what they published last that is here, one's own first. Programs are not among
 * them: they need no compiling, and may not be allowed.
 */
export async function likelyNext(
  jam: { readonly ledger: Pick<LiveJam['ledger'], 'members'> },
  self: PlayerId,
  generators: Pick<GeneratorsApi, 'publishedBy'>,
): Promise<BlobId[]> {
  const newest = async (player: PlayerId, most: number): Promise<BlobId[]> =>
    (await generators.publishedBy(player))
      .filter(({ here, runtime }) => here && runtime !== 'process')
      .slice(0, most)
      .map(({ archive }) => archive)
  const others = [...jam.ledger.members.everyone].filter((player) => player !== self).slice(0, OTHERS.players)
  const all = await newest(self, OWN)
  for (const player of others) all.push(...(await newest(player, OTHERS.each)))
  return all
}
