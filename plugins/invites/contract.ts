import { z } from 'zod'
import { async_, defineContract, ids } from '../../lib/host/index.ts'

const base64Of = (bytes: number) =>
  z.string().refine((text) => /^[A-Za-z0-9+/]+=*$/.test(text) && Buffer.from(text, 'base64').length === bytes)

/** An invite that this node issued. */
export const inviteRow = z.object({
  /** The first 8 hex digits of its public key: names it to `revoke`. */
  invite: z.string(),
  jam: ids.jam.optional(),
  state: z.enum(['open', 'used up', 'expired', 'revoked']),
  uses: z.number(),
  left: z.number(),
  /** Milliseconds since 1970. */
  created: z.number(),
  expires: z.number().optional(),
  follow: z.boolean(),
  /** Who came in by it. */
  joined: z.array(z.object({ player: ids.player, shown: z.string() })),
})
export type InviteRow = z.output<typeof inviteRow>

/** Where an invite led. */
export const accepted = z.object({
  inviter: ids.player,
  shown: z.string(),
  /** Whether the inviter's node has been reached and has let us in; else it is tried again whenever it is reached. */
  connected: z.boolean(),
  jam: ids.jam.optional(),
  /** What was wrong where it could not be reached. */
  error: z.string().optional(),
})

/** Coming in by invite (FEEDS section 4): the owner makes and accepts them, strangers show what they hold. */
export const invitesContract = defineContract({
  /** Shows an invite to the node that issued it. The signature is of jam and caller, by the invite's key. */
  redeem: async_({
    args: z.strictObject({ key: base64Of(32), sig: base64Of(64), jam: ids.jam.optional() }),
    result: z.object({
      jam: ids.jam.optional(),
      follows: z.boolean(),
      /** The comparable of the last entry of the answering node's own feed: whoever comes in can wait until it has that. */
      head: z.number().optional(),
    }),
    allow: 'stranger',
    rate: { perSecond: 0.5, burst: 10 },
  }),
  invite: {
    create: async_({
      args: z.strictObject({
        /** A jam by name, `starter:name` or id. */
        jam: z.string().min(1).max(200).optional(),
        uses: z.int().min(1).max(100).default(1),
        /** Milliseconds that it is good for; without it, until it is used up or revoked. */
        expiresIn: z.int().min(1_000).max(4e11).optional(),
        /** Follow whoever comes in. */
        follow: z.boolean().default(true),
      }),
      result: inviteRow.extend({ code: z.string(), addresses: z.array(z.string()) }),
    }),
    list: async_({ result: z.array(inviteRow) }),
    revoke: async_({ args: z.strictObject({ invite: z.string().min(1).max(64) }), result: inviteRow }),
    accept: async_({ args: z.strictObject({ code: z.string().min(1).max(4_000) }), result: accepted }),
  },
})
