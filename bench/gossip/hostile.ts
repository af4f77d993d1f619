/** Somebody hostile in a process of its own: it does everything at once that costs a node something, until it is ended. */
import { connect, type Socket } from 'node:net'
import { blobIdOf, playerIdOf } from '../../lib/base/index.ts'
import { encodeBlobFrame } from '../../lib/blobs/index.ts'
import { encodeFrame } from '../../lib/gossip/index.ts'
import { Host, parseAddress } from '../../lib/host/index.ts'
import { generateIdentity, nodeCrypto } from '../../lib/keys/index.ts'
import { blobsContract } from '../../plugins/blobs/index.ts'
import { gossipContract } from '../../plugins/gossip/index.ts'
import { serveMethods } from '../kit/actor.ts'

const silent = (): void => undefined
const log = { debug: silent, info: silent, warn: silent, error: silent }
const ZEROS = '00'.repeat(8)
/** Every so many milliseconds another portion of each kind. */
const EVERY_MILLIS = 20
const WANTS = 200
const SOCKETS = 4

const sockets = new Set<Socket>()
let host: Host | undefined
let timer: NodeJS.Timeout | undefined
let count = 0
let began = 0
let before = process.cpuUsage()

function nobody(n: number): Uint8Array {
  const raw = new Uint8Array(32)
  new DataView(raw.buffer).setUint32(0, n)
  return raw
}

/** A link that is opened anew when it has been ended, and never read. */
async function abuse(address: string): Promise<(bytes: 'gossip' | 'blobs', ...frames: Uint8Array[]) => void> {
  const { id, keys } = generateIdentity()
  host = new Host({ keys: { id, public: keys.public, private: keys.private }, log, plugins: [] })
  await host.open()
  const connection = await host.connect(address)
  const gossip = connection.remote(gossipContract).gossip.link()
  const blobs = connection.remote(blobsContract).blobs.link()
  const pipes = { gossip, blobs }
  const send = (which: 'gossip' | 'blobs', ...frames: Uint8Array[]): void => {
    for (const frame of frames) pipes[which].push(frame).catch(silent)
  }
  const known = { knownEpoch: ZEROS, knownSequence: 0, knownOffer: ZEROS }
  send('gossip', encodeFrame({ type: 'hello', version: 2, epoch: '66'.repeat(8), ...known }))
  send('blobs', encodeBlobFrame({ type: 'hello', version: 1 }))
  return send
}

serveMethods(
  {
    /** Begins, and goes on. */
    async attack(address: string) {
      began = performance.now()
      before = process.cpuUsage()
      const { host: name, port } = parseAddress(address)
      let send = await abuse(address)
      const again = async (): Promise<void> => {
        if (host && host.connections().length > 0) return
        await host?.close()
        send = await abuse(address)
      }
      timer = setInterval(() => {
        again().catch(silent)
        const from = count
        count += WANTS
        const numbers = Array.from({ length: WANTS }, (_, at) => from + at)
        send(
          'gossip',
          ...numbers.map((stream) =>
            encodeFrame({ type: 'iwant', stream, identity: playerIdOf(nobody(stream)), after: undefined }),
          ),
        )
        const wants = numbers.map((n) => ({
          blob: blobIdOf(nodeCrypto.sha256(nobody(n))),
          maxBytes: 1_000_000,
          hops: 1,
        }))
        send('blobs', encodeBlobFrame({ type: 'want', wants }))
        for (let n = 0; n < SOCKETS; n++) {
          const socket = connect(port, name)
          sockets.add(socket)
          socket.on('error', silent).once('close', () => sockets.delete(socket))
          socket.write(new Uint8Array(40))
        }
      }, EVERY_MILLIS)
    },

    /** Cores that this process has been busy with since the attack began. */
    busy() {
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1_000 / (performance.now() - began)
    },

    /** Keeps a core busy for such a part of the time, and does nobody any harm. */
    burn(cores: number) {
      timer = setInterval(() => {
        const spent = process.cpuUsage()
        for (let user = 0; user < cores * EVERY_MILLIS * 1_000;) {
          const since = process.cpuUsage(spent)
          user = since.user + since.system
        }
      }, EVERY_MILLIS)
    },
  },
  async () => {
    clearInterval(timer)
    for (const socket of sockets) socket.destroy()
    await host?.close()
  },
)
