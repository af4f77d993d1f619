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

/** Addresses of one player, each as parseAddress reads it. @throws MarmaladeError ADDRESS_INVALID also for none, or of several players */
export function parseAddresses(texts: readonly string[]): { player: PlayerId; addresses: NetAddress[] } {
  const addresses = texts.map(parseAddress)
  const [first] = addresses
  if (!first || addresses.some(({ player }) => player !== first.player)) throw wrong(texts.join(' '))
  return { player: first.player, addresses }
}

/** The host of an address, or undefined where it can be none. */
export function hostOf(name: string): string | undefined {
  const bare = name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name
  const [, unzoned = ''] = ZONED.exec(bare) ?? []
  return isIPv6(unzoned) || HOST.test(bare) ? bare : undefined
}

/** As parseAddress reads it; an IPv6 host in brackets. */
export const formatAddress = ({ host, port, player }: NetAddress): string =>
  `net:${bracketed(host)}:${port}~shs:${base64(rawId(player))}`

/** A host beside a port: an IPv6 address needs brackets, so that people see where it ends. */
export const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** The host that a socket came from: an IPv4 address as such where the socket listens on both, as `::ffff:10.0.0.1`. */
export const plainHost = (host = ''): string => host.replace(/^::ffff:(?=\d+\.)/i, '')

/**
 * An address as its owner configures it, `host`, `host:port` or whole: its host and port.
 * @throws MarmaladeError ADDRESS_INVALID
 */
export function parsePublic(text: string, port: number): { host: string; port: number } {
  if (text.startsWith('net:')) return parseAddress(text)
  const whole = hostOf(text)
  if (whole !== undefined) return { host: whole, port }
  const [, name = '', digits = ''] = /^(.{1,300}):([0-9]{1,5})$/.exec(text) ?? []
  const host = hostOf(name)
  const given = Number(digits)
  if (host === undefined || given < 1 || given > 65_535) throw wrong(text)
  return { host, port: given }
}

const wrong = (text: string) =>
  new MarmaladeError(
    'ADDRESS_INVALID',
    `${JSON.stringify(text.slice(0, 200))} is no address: it should look like net:192.168.1.20:${DEFAULT_PORT}~shs:<key>`,
  )
