import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { blobIdOf } from '../../lib/base/index.ts'
import { encodeBlobFrame } from '../../lib/blobs/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { parseAddress } from '../../lib/host/index.ts'
import { bytesNamed } from '../helpers/bundles.ts'
import { identityNamed } from '../helpers/chains.ts'
import { HostileLink, honest, hostileHost } from '../helpers/hostile.ts'
import { codeOf } from '../helpers/hosts.ts'
import { e2e, meet, type NodeKit } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'

const eve = identityNamed('eve')
/** Sockets that one who shakes no hands keeps open at most: docs/rpc.md. */
const MOST_WAITING = 64

async function stage(kit: NodeKit) {
  const ada = await kit.node()
  const ben = await kit.node()
  await meet(ada, ben)
  return { ada, ben, goesOn: await honest(ada, ben) }
}

e2e('another network key opens nothing', async (t, kit) => {
  const { ada, goesOn } = await stage(kit)
  const host = await hostileHost(kit, eve, new Uint8Array(32).fill(9))
  t.equal(await codeOf(host.connect(ada.address)), 'HANDSHAKE_FAILED')
  t.equal(ada.node.host.connectionTo(eve.id), undefined)
  t.deepEqual((await goesOn()).lost, [])
})

e2e('a thousand sockets that shake no hands are few at a time, and not for long', async (t, kit) => {
  const { ada, goesOn } = await stage(kit)
  const { host, port } = parseAddress(ada.address)
  const sockets: Socket[] = []
  kit.add(sockets, (all) => all.forEach((socket) => socket.destroy()))
  let open = 0
  for (let n = 0; n < 1_000; n++) {
    const socket = connect(port, host)
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.once('connect', () => open++)
    socket.once('close', () => open--)
    // Half of them begin a handshake and never end it.
    if (n % 2 === 0) socket.write(new Uint8Array(40))
    await Promise.race([once(socket, 'connect'), once(socket, 'close')])
  }
  await until('those too many are turned away', () => open <= MOST_WAITING)
  t.deepEqual((await goesOn()).lost, [], 'two honest nodes go on meanwhile')
  await until('the others are given up', () => open === 0)
  const cy = await kit.node()
  await cy.dial(ada)
  t.pass('and somebody new comes in')
})

e2e('a link that is never read holds back itself alone', async (t, kit) => {
  const { ada, ben, goesOn } = await stage(kit)
  const text = 'x'.repeat(8_000)
  for (let n = 0; n < 2_400; n += 50)
    await Promise.all(Array.from({ length: 50 }, () => ada.write({ type: 'public_note', text })))
  const host = await hostileHost(kit, eve)
  const connection = await host.connect(ada.address)
  const link = await HostileLink.gossip(connection, 'never reads')
  for (let n = 0; n < 64; n++) await link.send({ type: 'credit', bytes: 1_048_576 })
  await link.send({ type: 'iwant', stream: 0, identity: ada.id, after: undefined })
  await ben.caughtUpWith(ada)
  t.deepEqual((await goesOn()).lost, [])
  const sent = ada.linkTo(eve).bytesOut
  t.ok(sent < 9_000_000, `of 19 MB ${sent} bytes went to who reads none`)
})

e2e('ten thousand wants of blobs, and pieces nobody may have, leave others theirs', async (t, kit) => {
  const { ada, ben, goesOn } = await stage(kit)
  const host = await hostileHost(kit, eve)
  const link = HostileLink.blobs(await host.connect(ada.address))
  await link.raw(encodeBlobFrame({ type: 'hello', version: 1 }))
  const nobodys = (n: number) => blobIdOf(nodeCrypto.sha256(Buffer.from(`blob ${n}`)))
  for (let frame = 0; frame < 10; frame++) {
    const wants = Array.from({ length: 1_000 }, (_, at) => ({
      blob: nobodys(frame * 1_000 + at),
      maxBytes: 2 ** 40,
      hops: 1,
    }))
    await link.raw(encodeBlobFrame({ type: 'want', wants }))
  }
  for (let request = 0; request < 1_000; request++)
    await link.raw(encodeBlobFrame({ type: 'pull', request, blob: nobodys(request), offset: 0, length: 65_536 }))
  const bass = await ben.publish('bass')
  await until('an archive comes meanwhile', () => ada.blobs.store.has(bass.archive))
  const { id } = await ada.blobs.store.add([bytesNamed(1, 300_000)])
  t.ok(await ada.blobs.store.has(id))
  t.deepEqual((await goesOn()).lost, [])
  t.deepEqual(
    ada.log.lines.filter(({ level }) => level === 'error'),
    [],
  )
})
