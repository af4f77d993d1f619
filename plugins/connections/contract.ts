import { z } from 'zod'
import { async_, defineContract, ids } from '../../lib/host/index.ts'

/** One live connection to a player. */
export const connectionRow = z.object({
  player: ids.player,
  shown: z.string(),
  direction: z.enum(['in', 'out']),
  address: z.string(),
  role: z.string(),
  /** Milliseconds since 1970. */
  since: z.number(),
  bytesIn: z.number(),
  bytesOut: z.number(),
  /** Milliseconds of a question and its answer, just now or when it last answered; absent where it never has. */
  roundTrip: z.number().optional(),
})

export type ConnectionRow = z.output<typeof connectionRow>

/** One address whose player is not connected. */
export const waitingRow = z.object({
  player: ids.player,
  shown: z.string(),
  address: z.string(),
  /** Why it is known: `asked`, `follows`, `tracked`, `told`, `reached`, `heard`. */
  reason: z.string(),
  state: z.enum(['waiting', 'dialling']),
  failures: z.number(),
  /** Milliseconds until it is dialled again, at least. */
  nextIn: z.number(),
  /** What was wrong the last time. */
  error: z.string().optional(),
})

/** Links to other nodes, for the owner alone. */
export const connectionsContract = defineContract({
  connections: {
    /** Dials an address now, and again whenever the link is lost while the node runs. `keep` remembers it for later runs. */
    connect: async_({
      args: z.strictObject({ address: z.string().min(1).max(512), keep: z.boolean().optional() }),
      result: z.object({ player: ids.player, shown: z.string(), address: z.string() }),
    }),
    list: async_({ result: z.array(connectionRow) }),
    /** Live connections, each asked for its round trip, and the addresses that are dialled when their time comes. */
    peers: async_({ result: z.object({ connected: z.array(connectionRow), waiting: z.array(waitingRow) }) }),
  },
})
