import { join } from 'node:path'
import test from 'tape'
import { Gossip } from '../../lib/gossip/index.ts'
import type { GossipMemory } from '../../lib/gossip/index.ts'
import { inFolder, removeFolder, temporaryFolder } from '../helpers/stores.ts'
import { memoryFile } from '../../plugins/gossip/memory.ts'
import { chain, headOfChain, identityNamed, note, rawOf } from '../helpers/chains.ts'
import { duplexPair } from '../helpers/duplex.ts'
import { gossipNode, realClock, untilHead } from '../helpers/gossips.ts'
import type { GossipNode } from '../helpers/gossips.ts'

const [ann, ben] = [identityNamed('ann'), identityNamed('ben')]
const others = Array.from({ length: 200 }, (_, at) => identityNamed(`other ${at}`))
let runs = 0

/** One run of Ann's node over a store that outlives it. */
async function run(place: ReturnType<typeof inFolder.place>, memory: GossipMemory, faults: string[]) {
  const store = await place.open(ann, realClock)
  const onFault = (message: string): void => void faults.push(message)
  const gossip = await Gossip.open(
    { store, clock: realClock, memory, mayServe: () => true, onFault },
    { epoch: (++runs).toString(16).padStart(16, '0') },
  )
  for (const { id } of [ann, ben, ...others]) gossip.track(id, 'wanted')
  const close = async (): Promise<void> => {
    await gossip.close()
    await store.close()
  }
  return { store, gossip, close }
}

type Run = Awaited<ReturnType<typeof run>>

/** Links a run with another node; `bytes` gives what went both ways so far. */
function meet({ gossip }: Run, node: GossipNode) {
  const pair = duplexPair()
  const ended = Promise.all([gossip.link(ben.id, pair.a), node.gossip.link(ann.id, pair.b)])
  const bytes = (): number => gossip.status().reduce((sum, { bytesIn, bytesOut }) => sum + bytesIn + bytesOut, 0)
  return { ended, bytes, cut: () => pair.cut() }
}

test('gossip: what peers were told outlives a node that is closed in order, and not one that is not', async (t) => {
  const place = inFolder.place()
  const folder = temporaryFolder()
  const memory = memoryFile(join(folder, 'gossip.json'))
  const faults: string[] = []
  t.equal(await memory.load(), undefined, 'at first nothing is remembered')
  const node = await gossipNode(ben, { tracked: [ann.id, ...others.map(({ id }) => id)] })
  const first = await run(place, memory, faults)
  for (const other of others) await first.store.ingest(other.id, rawOf(chain(other, 1, null)))
  const before = await first.store.append(note('before'))
  const met = meet(first, node)
  await untilHead(node.store, ann.id, before)
  for (const other of others) await untilHead(node.store, other.id, headOfChain(chain(other, 1, null)))
  await untilHead(first.store, ben.id, await node.store.append(note('once')))
  const full = met.bytes()
  met.cut()
  await met.ended
  // Another link, so that the set of feeds that is offered is the same from its beginning.
  const settled = meet(first, node)
  await untilHead(first.store, ben.id, await node.store.append(note('twice')))
  await first.close()
  await settled.ended

  const second = await run(place, memory, faults)
  const entry = await second.store.append(note('after'))
  const again = meet(second, node)
  await untilHead(node.store, ann.id, entry)
  t.ok(again.bytes() < full / 10, `${again.bytes()} bytes after a restart, ${full} before`)
  await second.close()
  await again.ended

  const kept = await memory.load()
  t.ok(kept !== undefined && kept.length > 0)
  await memory.save((kept ?? '').replace(/"store":"[0-9a-f]{16}"/, '"store":"0000000000000000"'))
  const third = await run(place, memory, faults)
  const anew = meet(third, node)
  await untilHead(node.store, ann.id, await third.store.append(note('once more')))
  t.ok(anew.bytes() > 200 * 80, `${anew.bytes()} bytes where the store has lost something since`)
  await third.close()
  await memory.save('no such thing')
  const fourth = await run(place, memory, faults)
  t.equal((await fourth.store.head(ann.id))?.count, 3, 'what cannot be read is done without')
  await fourth.close()
  t.deepEqual([...faults, ...node.faults], [])
  await node.close()
  await place.remove()
  removeFolder(folder)
})

test('gossip: a memory that cannot be read or kept is told of, and nothing else comes of it', async (t) => {
  const place = inFolder.place()
  const faults: string[] = []
  const broken: GossipMemory = {
    load: () => Promise.reject(new Error('no disk')),
    save: () => Promise.reject(new Error('no room')),
  }
  const only = await run(place, broken, faults)
  await only.close()
  t.deepEqual(faults, ['what peers were told before could not be read', 'what peers were told could not be kept'])
  await place.remove()
})
