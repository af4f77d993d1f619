import { encodeFrame, decodeFrame, type Frame } from '../../lib/gossip/index.ts'
import type { PlayerId } from '../../lib/base/index.ts'
import { Host, type Connection } from '../../lib/host/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import { blobsContract } from '../../plugins/blobs/index.ts'
import { gossipContract } from '../../plugins/gossip/index.ts'
import { memoryLog } from './hosts.ts'
import type { NodeKit, TestNode } from './node-kit.ts'
import { until } from './until.ts'

const ZEROS = '00'.repeat(8)
type Sent = Exclude<Frame, { type: 'optional' }>

/** A host of somebody who keeps to the handshake and to nothing after it. */
export async function hostileHost(kit: NodeKit, { id, keys }: Identity, networkKey?: Uint8Array): Promise<Host> {
  const init = { keys: { id, public: keys.public, private: keys.private }, log: memoryLog(), plugins: [] }
  const host = new Host({ ...init, ...(networkKey && { networkKey }) })
  kit.add(host, (it) => it.close())
  await host.open()
  return host
}

interface Pipe {
  readonly source: AsyncIterable<Uint8Array>
  push(bytes: Uint8Array): Promise<void>
}

/** A gossip or blobs link whose frames are written by hand. */
export class HostileLink {
  /** Frames of gossip that have come, in order. */
  readonly heard: Frame[] = []
  /** Whether the other side has ended the call. */
  over = false
  readonly #pipe: Pipe

  private constructor(pipe: Pipe, reading: 'reads' | 'never reads') {
    this.#pipe = pipe
    if (reading === 'reads') void this.#read()
  }

  /** Opens gossip, greeted. */
  static async gossip(connection: Connection, reading: 'reads' | 'never reads' = 'reads'): Promise<HostileLink> {
    const link = new HostileLink(connection.remote(gossipContract).gossip.link(), reading)
    const known = { knownEpoch: ZEROS, knownSequence: 0, knownOffer: ZEROS }
    await link.send({ type: 'hello', version: 2, epoch: '66'.repeat(8), ...known })
    return link
  }

  static blobs(connection: Connection): HostileLink {
    return new HostileLink(connection.remote(blobsContract).blobs.link(), 'reads')
  }

  send(frame: Sent): Promise<void> {
    return this.raw(encodeFrame(frame))
  }

  /** Sends whatever bytes; what the other side no longer takes is passed over. */
  async raw(bytes: Uint8Array): Promise<void> {
    await this.#pipe.push(bytes).catch(() => undefined)
  }

  /** The first frame that is right, now or later. @throws Error where the link ends first, or it never comes */
  async until<T extends Frame['type']>(
    type: T,
    right: (frame: Extract<Frame, { type: T }>) => boolean = () => true,
  ): Promise<Extract<Frame, { type: T }>> {
    const fits = (frame: Frame): frame is Extract<Frame, { type: T }> =>
      frame.type === type && right(frame as Extract<Frame, { type: T }>)
    const look = () => this.heard.find(fits)
    await until(`a frame ${type}`, () => this.over || look() !== undefined)
    const found = look()
    if (!found) throw new Error(`the link ended before a ${type}`)
    return found
  }

  /** Waits until the other side has ended the call. */
  async ended(): Promise<void> {
    await until('a link is ended', () => this.over)
  }

  async #read(): Promise<void> {
    try {
      for await (const bytes of this.#pipe.source) {
        const frame = decodeFrame(bytes)
        if (frame) this.heard.push(frame)
      }
    } catch {
      // That it was ended is what tests look at.
    }
    this.over = true
  }
}

/** Two honest nodes that go on beside whatever is tried: what one publishes reaches the other, and nothing is lost. */
export async function honest(ada: TestNode, ben: TestNode, players: readonly PlayerId[] = [ada.id, ben.id]) {
  const before = new Map<PlayerId, number>()
  for (const player of players) before.set(player, (await ada.feeds.store.head(player))?.count ?? 0)
  return async function goesOn(): Promise<{ lost: PlayerId[] }> {
    for (const [from, to] of [
      [ada, ben],
      [ben, ada],
    ] as const) {
      await from.write({ type: 'public_note', text: 'still here' })
      await to.caughtUpWith(from)
    }
    const lost: PlayerId[] = []
    for (const [player, count] of before)
      if (((await ada.feeds.store.head(player))?.count ?? 0) < count) lost.push(player)
    return { lost }
  }
}
