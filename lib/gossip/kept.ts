import { z } from 'zod'
import { entryKeyOf, playerIdOf, fromBase64 } from '../base/index.ts'
import type { PlayerId } from '../base/index.ts'
import { rawId, base64 } from '../base/index.ts'
import type { Head } from '../store/types.ts'
import type { Remembered } from './core.ts'
import { OFFER_BYTES } from './offers.ts'
import type { Offer } from './offers.ts'

/** Where what one run of the node knows of its peers is kept for the next: a small file will do. */
export interface GossipMemory {
  /** What `save` was given last; undefined where there is nothing. */
  load(): Promise<string | undefined>
  save(text: string): Promise<void>
}

const VERSION = 1
const epoch = z.string().regex(/^[0-9a-f]{16}$/)
const whole = z.int().min(0)
const raw = z.string().regex(/^[A-Za-z0-9+/]{43}=$/)
const head = z.tuple([raw, whole, raw, whole])
const peer = z.strictObject({ peer: raw, epoch, sequence: whole, offer: epoch, owed: z.array(head) })
const file = z.strictObject({
  version: z.literal(VERSION),
  store: epoch,
  epochs: z.array(z.tuple([epoch, whole])),
  tracked: z.array(raw),
  peers: z.array(peer),
  offers: z.array(z.base64()).default([]),
})

const short = (id: Parameters<typeof rawId>[0]): string => base64(rawId(id))
const player = (text: string): PlayerId => playerIdOf(fromBase64(text))

/** As text. `store` is the epoch of the store: what is remembered holds only as long as that loses nothing. */
export function writeRemembered(store: string, { epochs, tracked, peers, offers }: Remembered): string {
  return JSON.stringify({
    version: VERSION,
    store,
    epochs,
    tracked: tracked.map(short),
    peers: peers.map(([id, { epoch, sequence, offer, owed }]) => ({
      peer: short(id),
      epoch,
      sequence,
      offer,
      owed: owed.map(({ identity, comparable, key, count }) => [short(identity), comparable, short(key), count]),
    })),
    offers: offers.map(writeOffer),
  })
}

/** Undefined where the text is none of ours, or was written for a store that has lost something since. */
export function readRemembered(store: string, text: string): Remembered | undefined {
  const read = file.safeParse(parse(text))
  if (!read.success || read.data.store !== store) return undefined
  const { epochs, tracked, peers, offers } = read.data
  return {
    epochs,
    tracked: tracked.map(player),
    peers: peers.map(({ peer: id, owed, ...rest }) => [player(id), { ...rest, owed: owed.map(readHead), since: 0 }]),
    offers: offers.flatMap((text) => readOffer(text) ?? []),
  }
}

/** Words in big-endian order, as identities have them. */
function writeOffer(offer: Offer): string {
  const bytes = new Uint8Array(OFFER_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [at, word] of offer.entries()) view.setUint32(4 * at, word)
  return base64(bytes)
}

function readOffer(text: string): Offer | undefined {
  const bytes = fromBase64(text)
  if (bytes.length !== OFFER_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Uint32Array.from({ length: OFFER_BYTES / 4 }, (_, at) => view.getUint32(4 * at))
}

function readHead([identity, comparable, key, count]: z.infer<typeof head>): Head {
  return { identity: player(identity), comparable, key: entryKeyOf(fromBase64(key)), count }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
