import { concat, fromBase64, utf8 } from '../base/index.ts'
import type { Crypto, JamId, PlayerId } from '../base/index.ts'
import type { JamPayload } from './payload/index.ts'

/** What a `join` shows of an invite: who issued it, its public key and its signature, both in base64. */
export type InviteProof = NonNullable<JamPayload<'join'>['invite']>

const ZERO = new Uint8Array(1)

/**
 * The bytes that an invite's key signs for one joiner: `marmalade/1 invite`, jam and joiner, joined by zero bytes. An invite
 * to no jam, only to follow each other, signs the empty text in its place.
 */
export const inviteMessage = (jam: JamId | '', joiner: PlayerId): Uint8Array =>
  concat([utf8('marmalade/1 invite'), ZERO, utf8(jam), ZERO, utf8(joiner)])

/** Whether the invite's key let this joiner into this jam. That its inviter issued the key only the inviter knows. */
export const verifyInvite = (
  invite: Pick<InviteProof, 'key' | 'sig'>,
  jam: JamId | '',
  joiner: PlayerId,
  crypto: Crypto,
): boolean => crypto.verify(fromBase64(invite.sig), inviteMessage(jam, joiner), fromBase64(invite.key))
