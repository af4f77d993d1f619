import { isIPv6 } from 'node:net'
import { MarmaladeError, base64, fromBase64, isPlayerId, playerIdOf, rawId } from '../../base/index.ts'
import type { PlayerId } from '../../base/index.ts'

/** The port that nodes listen on unless told otherwise. */
export const DEFAULT_PORT = 2468

/** Where a player can be dialled. */
export interface NetAddress {
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string
  readonly port: number
  readonly player: PlayerId
}

const HOST = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?\.?$/
const ZONED = /^(.*?)(%[A-Za-z0-9._-]{1,32})?$/

/**
 * Reads `net:<host>:<port>~shs:<key>`, the key being the player's public key in base64; an IPv6 host may stand in brackets.
 * @throws MarmaladeError ADDRESS_INVALID
 */
export function parseAddress(text: string): NetAddress {
  const parts = /^net:(.{1,300}):([0-9]{1,5})~shs:([A-Za-z0-9+/]{43}=)$/.exec(text)
  if (!parts) throw wrong(text)
  const [, name = '', digits = '', key = ''] = parts
  const host = hostOf(name)
  const port = Number(digits)
  const player = `@${key}.ed25519`
  if (host === undefined || port < 1 || port > 65_535 || !isPlayerId(player)) throw wrong(text)
  return { host, port, player: playerIdOf(fromBase64(key)) }
}

/** The host of an address, or undefined where it can be none. */
export function hostOf(name: string): string | undefined {
  const bare = name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name
  const [, unzoned = ''] = ZONED.exec(bare) ?? []
  return isIPv6(unzoned) || HOST.test(bare) ? bare : undefined
}

export const formatAddress = ({ host, port, player }: NetAddress): string =>
  `net:${host}:${port}~shs:${base64(rawId(player))}`

const wrong = (text: string) =>
  new MarmaladeError(
    'ADDRESS_INVALID',
    `${JSON.stringify(text.slice(0, 200))} is no address: it should look like net:192.168.1.20:${DEFAULT_PORT}~shs:<key>`,
  )
