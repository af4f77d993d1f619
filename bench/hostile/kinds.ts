/** What somebody hostile does, kind by kind: each begins, goes on by itself and is ended. */
import { randomBytes } from 'node:crypto'
import { blobIdOf, entryKeyOf, playerIdOf, type PlayerId } from '../../lib/base/index.ts'
import { encodeBlobFrame } from '../../lib/blobs/index.ts'
import { signEntry } from '../../lib/entry/index.ts'
import { encodeFrame, isRun, MAX_HEADS } from '../../lib/gossip/index.ts'
import { Host } from '../../lib/host/index.ts'
import { generateIdentity, nodeCrypto } from '../../lib/keys/index.ts'
import { blobsContract } from '../../plugins/blobs/index.ts'
import { gossipContract } from '../../plugins/gossip/index.ts'
import { duplexCall, handshakeWithoutKey, item, packet, RawLink, socketTo } from './raw.ts'

/** Whom it is done to: where it listens, the feed that it draws meanwhile, and one that it wants and gets only lies of. */
export interface Target {
  readonly address: string
  readonly drawn: PlayerId
  readonly wanted: PlayerId
}
/** Ends what was begun. */
type End = () => void
export type Kind = (target: Target) => End

/** Every so many milliseconds another portion. */
const EVERY_MILLIS = 20
/** Connections by hand that are under way at once, at most. */
const MOST_LINKS = 8
const GOSSIP = 1

const silent = (): void => undefined
const log = { debug: silent, info: silent, warn: silent, error: silent }
const ZEROS = '00'.repeat(8)
const HELLO = encodeFrame({
  type: 'hello',
  version: 2,
  epoch: '66'.repeat(8),
  knownEpoch: ZEROS,
  knownSequence: 0,
  knownOffer: ZEROS,
})
/** Far above every entry that is drawn, and not ahead of any clock. */
const LATER = 1_760_000_000_000_000
const lie = () => ({ comparable: LATER, key: entryKeyOf(randomBytes(32)), count: 1_000_000 })

function nobody(n: number): Uint8Array {
  const raw = new Uint8Array(32)
  new DataView(raw.buffer).setUint32(0, n)
  return raw
}

function every(work: (round: number) => void): End {
  let round = 0
  const timer = setInterval(() => work(round++), EVERY_MILLIS)
  return () => clearInterval(timer)
}

/** 200 sockets a second: some say nothing, some nonsense, some are of another network, some know the network and no key. */
const wrongKey: Kind = ({ address }) => {
  const open = new Set<ReturnType<typeof socketTo>>()
  const greetings = [new Uint8Array(), randomBytes(40), randomBytes(64), handshakeWithoutKey()]
  const stop = every(() => {
    for (const bytes of greetings) {
      const socket = socketTo(address, bytes)
      open.add(socket)
      socket.once('close', () => open.delete(socket))
    }
  })
  return () => {
    stop()
    for (const socket of open) socket.destroy()
  }
}

/** Connections by somebody new each time, as many as come through, each used once. */
function again(target: Target, use: (link: RawLink, round: number) => void): End {
  const over = new AbortController()
  const links = new Set<RawLink>()
  let dialling = 0
  const stop = every((round) => {
    if (dialling + links.size >= MOST_LINKS) return
    dialling++
    RawLink.to(target.address, over.signal, silent)
      .then((link) => {
        links.add(link)
        link.socket.once('close', () => links.delete(link))
        if (over.signal.aborted) link.end()
        else use(link, round)
      }, silent)
      .finally(() => dialling--)
  })
  return () => {
    stop()
    over.abort()
    for (const link of links) link.end()
  }
}

/** By turns a packet of 2 GiB by its header, a packet above the most, a frame of gossip above the most. */
const oversized: Kind = (target) =>
  again(target, (link, round) => {
    const long = packet(8, 1, new Uint8Array(9))
    long.writeUInt32BE(2 ** 31, 1)
    const kinds = [
      [long],
      [packet(8, 1, new Uint8Array(1_048_577))],
      [duplexCall(GOSSIP, ['gossip', 'link']), item(GOSSIP, HELLO), item(GOSSIP, new Uint8Array(65_537).fill(8))],
    ]
    link.send(...(kinds[round % kinds.length] ?? []))
  })

/** Runs of a stream that nobody asked for. */
const unasked: Kind = (target) => {
  const run = encodeFrame({ type: 'run', stream: 7, head: lie(), entries: chain(brokenAuthor(), 100) })
  return again(target, (link) =>
    link.send(duplexCall(GOSSIP, ['gossip', 'link']), item(GOSSIP, HELLO), item(GOSSIP, run)),
  )
}

/** Asks for the feed that is drawn, takes none of it off the socket, and grants credit as if it did. */
const neverRead: Kind = ({ address, drawn }) => {
  const over = new AbortController()
  const links: RawLink[] = []
  const grant = item(GOSSIP, encodeFrame({ type: 'credit', bytes: 1_000_000 }))
  const iwant = encodeFrame({ type: 'iwant', stream: 1, identity: drawn, after: undefined })
  const begin = (): void =>
    void RawLink.to(address, over.signal).then((link) => {
      links.push(link)
      link.send(duplexCall(GOSSIP, ['gossip', 'link']), item(GOSSIP, HELLO), item(GOSSIP, iwant), grant)
    }, silent)
  for (let n = 0; n < MOST_LINKS; n++) begin()
  const stop = every(() => {
    for (const link of links) if (link.socket.writableLength === 0) link.send(grant)
  })
  return () => {
    stop()
    over.abort()
    for (const link of links) link.end()
  }
}

/** A node's own connection, made anew by somebody else whenever it has been ended. */
function connected(address: string, begin: (host: Host, stop: AbortSignal) => void): End {
  const over = new AbortController()
  let host: Host | undefined
  let busy = false
  const look = async (): Promise<void> => {
    if (busy || over.signal.aborted || (host && host.connections().length > 0)) return
    busy = true
    try {
      await host?.close()
      const { id, keys } = generateIdentity()
      host = new Host({ keys: { id, public: keys.public, private: keys.private }, log, plugins: [] })
      await host.open()
      const { signal } = await host.connect(address, { signal: over.signal })
      begin(host, AbortSignal.any([signal, over.signal]))
    } finally {
      busy = false
    }
  }
  const stop = every(() => void look().catch(silent))
  return () => {
    stop()
    over.abort()
    void host?.close()
  }
}

/** A link of gossip; `onFrame` sees what comes. */
function gossipOver(host: Host, onFrame: (bytes: Uint8Array) => void): (frame: Uint8Array) => void {
  const [connection] = host.connections()
  if (!connection) return silent
  const pipe = connection.remote(gossipContract).gossip.link()
  const send = (frame: Uint8Array): void => void pipe.push(frame).catch(silent)
  send(HELLO)
  void (async () => {
    for await (const bytes of pipe.source) onFrame(bytes)
  })().catch(() => connection.close())
  return send
}

/** 10,000 wants of feeds and as many of blobs a second; what comes in answer is not read. */
const wants: Kind = ({ address }) => {
  let count = 0
  return connected(address, (host, over) => {
    const [connection] = host.connections()
    if (!connection) return
    const gossip = connection.remote(gossipContract).gossip.link()
    const blobs = connection.remote(blobsContract).blobs.link()
    gossip.push(HELLO).catch(silent)
    blobs.push(encodeBlobFrame({ type: 'hello', version: 1 })).catch(silent)
    const stop = every(() => {
      const numbers = Array.from({ length: 200 }, () => count++)
      for (const stream of numbers) {
        const identity = playerIdOf(nobody(stream))
        gossip.push(encodeFrame({ type: 'iwant', stream, identity, after: undefined })).catch(silent)
      }
      const named = numbers.map((n) => ({ blob: blobIdOf(nodeCrypto.sha256(nobody(n))), maxBytes: 1_000_000, hops: 1 }))
      blobs.push(encodeBlobFrame({ type: 'want', wants: named })).catch(silent)
    })
    over.addEventListener('abort', stop, { once: true })
  })
}

/** 40,000 heads a second that nobody has, of the feeds that are wanted and of others. */
const forgedHeads: Kind = ({ address, drawn, wanted }) => {
  let count = 0
  return connected(address, (host, over) => {
    let serial = 0
    const send = gossipOver(host, silent)
    const stop = every(() => {
      const others = Array.from({ length: MAX_HEADS - 2 }, () => playerIdOf(nobody(count++)))
      const heads = [drawn, wanted, ...others].map((identity) => ({ identity, ...lie() }))
      const full = serial++ === 0
      send(encodeFrame({ type: 'ihave', serial, sequence: serial, offer: '01'.repeat(8), full, heads }))
    })
    over.addEventListener('abort', stop, { once: true })
  })
}

/** Offers a feed that is wanted, and sends entries whose signatures hold and whose chain is broken, as often as it is asked. */
const brokenChains: Kind = ({ address, wanted }) => {
  const entries = chain(brokenAuthor(), 100)
  return connected(address, (host) => {
    const send = gossipOver(host, (bytes) => {
      const isAsked = bytes[0] === IWANT
      if (isRun(bytes) || !isAsked) return
      const stream = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1)
      send(encodeFrame({ type: 'run', stream, head: lie(), entries }))
      // Somebody else offers the same next time.
      setTimeout(() => void host.close(), EVERY_MILLIS)
    })
    const heads = [{ identity: wanted, ...lie() }]
    send(encodeFrame({ type: 'credit', bytes: 262_144 }))
    send(encodeFrame({ type: 'ihave', serial: 1, sequence: 1, offer: '01'.repeat(8), full: true, heads }))
  })
}
const IWANT = 3

/** Whose feed is wanted and lied about. */
export const brokenAuthor = () => generateIdentity(new Uint8Array(32).fill(13))

/** Entries that each name a parent which is nowhere. */
function chain({ id, signer }: ReturnType<typeof brokenAuthor>, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, n) => {
    const payload = { type: 'public_note', text: `${n} `.padEnd(300, 'x') } as const
    const parent = entryKeyOf(randomBytes(32))
    return signEntry({ identity: id, parent, comparable: LATER - 1_000 + n, synod: null, payload }, signer, nodeCrypto)
      .bytes
  })
}

/** Calls that anyone may make, 10,000 a second. */
const calls: Kind = ({ address }) =>
  connected(address, (host, over) => {
    const stop = every(() => {
      const [connection] = host.connections()
      for (let n = 0; connection && n < 200; n++) connection.ping().catch(silent)
    })
    over.addEventListener('abort', stop, { once: true })
  })

/** All of them, at once. */
const everything: Kind = (target) => {
  const ends = Object.values(ONE_BY_ONE).map((kind) => kind(target))
  return () => {
    for (const end of ends) end()
  }
}

const ONE_BY_ONE: Readonly<Record<string, Kind>> = {
  'wrong key': wrongKey,
  'oversized frames': oversized,
  'broken chains': brokenChains,
  'forged heads': forgedHeads,
  'unasked entries': unasked,
  'stream never read': neverRead,
  '10,000 wants': wants,
  '10,000 calls': calls,
}
export const KINDS: Readonly<Record<string, Kind>> = { ...ONE_BY_ONE, 'all of it': everything }
