import { z } from 'zod'
import { async_, defineContract, ids } from '../../lib/host/index.ts'

/** What anybody may learn of a player: only addresses that their owner published; when last seen, coarsely. */
export const playerRow = z.object({
  identity: ids.player,
  shortId: z.string(),
  name: z.string().optional(),
  about: z.string().optional(),
  /** multiserver addresses that the player published. */
  addresses: z.array(z.string()),
  /** `now`, `hour`, `day`, `week`, `longer`: of the newest entry. */
  lastSeen: z.enum(['now', 'hour', 'day', 'week', 'longer', 'never']),
})
export type PlayerRow = z.output<typeof playerRow>

/** Who is who (FEEDS section 6), and what the owner says of itself. */
export const playersContract = defineContract({
  /** Players whose feeds are here, most recently heard from first. */
  players: async_({
    args: z.strictObject({ limit: z.int().min(1).max(200).optional() }),
    result: z.array(playerRow),
    allow: 'stranger',
    rate: { perSecond: 2, burst: 10 },
  }),
  whoami: async_({
    result: z.object({
      identity: ids.player,
      shortId: z.string(),
      name: z.string().optional(),
      /** Addresses to hand out. */
      addresses: z.array(z.string()),
    }),
  }),
  /** Says one's name, what one is about, and which addresses are public. */
  identify: async_({
    args: z.strictObject({
      name: z.string().max(64).optional(),
      about: z.string().max(4096).optional(),
      addresses: z.array(z.string().max(512)).max(16).optional(),
    }),
    result: z.object({ key: ids.entry }),
  }),
})
