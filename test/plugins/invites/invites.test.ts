import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { jamIdOf, name } from '../../../lib/base/index.ts'
import { inviteMessage } from '../../../lib/entry/index.ts'
import { generateIdentity, nodeCrypto } from '../../../lib/keys/index.ts'
import { NETWORK_KEY } from '../../../lib/host/index.ts'
import { networkTag, readInvite, writeInvite } from '../../../lib/peers/index.ts'
import { base64, rawId } from '../../../lib/base/index.ts'
import { invitesContract } from '../../../plugins/invites/index.ts'
import { jamsContract } from '../../../plugins/jams/index.ts'
import { playersContract } from '../../../plugins/players/index.ts'
import { codeOf } from '../../helpers/hosts.ts'
import { e2e, type TestNode } from '../../helpers/node-kit.ts'
import { until } from '../../helpers/until.ts'

const of = (node: TestNode) => node.ask(invitesContract)
const mine = async (node: TestNode, jam: string): Promise<string> =>
  (await node.ask(jamsContract).jam.show({ jam })).mine

e2e('from nothing to connected, following each other and in the jam', async (t, kit) => {
  const [ada, ben, cy, dee] = [await kit.node(), await kit.node(), await kit.node(), await kit.node()]
  await ada.ask(jamsContract).jam.start({ name: 'friday' })
  const jam = jamIdOf(ada.id, name('friday'))
  const made = await of(ada).invite.create({ jam: 'friday', uses: 2 })
  t.equal(made.addresses[0], ada.address)
  const accepted = await of(ben).invite.accept({ code: made.code })
  t.deepEqual([accepted.inviter, accepted.jam, accepted.connected], [ada.id, jam, true])
  await until(
    'he is in the jam',
    () => mine(ben, jam),
    (state) => state === 'member',
  )
  await until(
    'both follow each other',
    () => ada.feeds.follows.follows(ada.id, ben.id) && ben.feeds.follows.follows(ben.id, ada.id),
  )
  await of(ben).invite.accept({ code: made.code })
  const shouted = await of(cy).invite.accept({
    code: ` ${made.code.toUpperCase().slice(0, 40)}\n${made.code.slice(40)} `,
  })
  t.ok(shouted.connected, 'capitals and line breaks do not matter')
  const [row] = await of(ada).invite.list()
  t.deepEqual(
    row?.joined.map(({ player }) => player),
    [ben.id, cy.id],
    'accepting again uses nothing up',
  )
  t.deepEqual([row?.left, row?.state], [0, 'used up'])
  t.equal(await codeOf(of(dee).invite.accept({ code: made.code })), 'INVITE_USED_UP')
  t.notOk(dee.feeds.follows.follows(dee.id, ada.id), 'a refused invite changes nothing')

  const home = ada.node.home.path
  t.notOk(
    (await readFile(join(home, 'invites.json'), 'utf8')).includes(seedOf(made.code)),
    'the seed is in the code alone',
  )
  await ada.node.close()
  const again = await kit.node({ home })
  await dee.dial(again)
  const [kept] = await of(again).invite.list()
  t.deepEqual([kept?.left, kept?.state, kept?.jam], [0, 'used up', jam], 'a restart forgets nothing')
  t.equal(await codeOf(of(dee).invite.accept({ code: made.code })), 'INVITE_USED_UP')
})

e2e('whoever has accepted an invite has the inviter’s feed', async (t, kit) => {
  const [ada, ben] = [await kit.node(), await kit.node()]
  const texts = Array.from({ length: 2_000 }, (_, n) => ada.feeds.publish({ type: 'public_note', text: `line ${n}` }))
  await Promise.all(texts)
  await ada.ask(playersContract).identify({ name: 'ada' })
  await ada.ask(jamsContract).jam.start({ name: 'friday' })
  const { code } = await of(ada).invite.create({})
  const accepted = await of(ben).invite.accept({ code })
  t.equal(accepted.shown, 'ada', 'her name, which she said late')
  t.deepEqual(await ben.feeds.store.head(ada.id), await ada.feeds.store.head(ada.id), 'and all else')
})

function seedOf(code: string): string {
  const read = readInvite(code, networkTag(NETWORK_KEY, nodeCrypto), nodeCrypto)
  if (!read.ok) throw new Error(read.message)
  return base64(read.invite.seed)
}

e2e('an invite without a jam; revoked, expired, unknown, forged and own ones', async (t, kit) => {
  const [ada, ben] = [await kit.node(), await kit.node()]
  const plain = await of(ada).invite.create({ follow: false })
  await of(ben).invite.accept({ code: plain.code })
  await until('he follows her', () => ben.feeds.follows.follows(ben.id, ada.id))
  t.notOk(ada.feeds.follows.follows(ada.id, ben.id), 'she does not follow him where she said so')

  const revoked = await of(ada).invite.create({})
  t.equal((await of(ada).invite.revoke({ invite: revoked.invite })).state, 'revoked')
  t.equal(await codeOf(of(ben).invite.accept({ code: revoked.code })), 'INVITE_REVOKED')
  t.equal(await codeOf(of(ada).invite.revoke({ invite: 'ffffffffff' })), 'INVITE_UNKNOWN')
  t.equal(await codeOf(of(ada).invite.accept({ code: revoked.code })), 'INVITE_OWN')
  t.equal(await codeOf(of(ada).invite.create({ jam: 'nowhere' })), 'JAM_UNKNOWN')

  const short = await of(ada).invite.create({ expiresIn: 1_000 })
  await until('it has expired', async () => (await of(ada).invite.list()).some(({ state }) => state === 'expired'))
  t.equal(await codeOf(of(ben).invite.accept({ code: short.code })), 'INVITE_EXPIRED', 'by his clock')
  const { key, sig } = shown(seedOf(short.code), ben)
  const link = ben.linkTo(ada).remote(invitesContract)
  t.equal(await codeOf(link.redeem({ key, sig })), 'INVITE_EXPIRED', 'and by hers')

  const open = await of(ada).invite.create({})
  const good = shown(seedOf(open.code), ben)
  t.equal(await codeOf(link.redeem({ ...good, sig: shown(seedOf(open.code), ada).sig })), 'INVITE_FORGED')
  t.equal(await codeOf(link.redeem(shown(base64(new Uint8Array(32)), ben))), 'INVITE_UNKNOWN')
  const elsewhere = jamIdOf(ada.id, name('elsewhere'))
  t.equal(await codeOf(link.redeem({ ...good, jam: elsewhere })), 'INVITE_UNKNOWN', 'for another jam it is none')
})

/** What whoever holds an invite's seed shows. */
function shown(seed: string, who: TestNode): { key: string; sig: string } {
  const { id, signer } = generateIdentity(Buffer.from(seed, 'base64'))
  return { key: base64(rawId(id)), sig: base64(signer.sign(inviteMessage('', who.id))) }
}

e2e('an inviter who cannot be reached is tried again; a join entry counts whoever brings it', async (t, kit) => {
  const [ada, ben] = [await kit.node(), await kit.node()]
  await ada.ask(jamsContract).jam.start({ name: 'friday' })
  const jam = jamIdOf(ada.id, name('friday'))
  const { code } = await of(ada).invite.create({ jam: 'friday' })
  const home = ada.node.home.path
  await ada.node.close()
  const accepted = await of(ben).invite.accept({ code })
  t.deepEqual([accepted.connected, accepted.jam], [false, jam])
  t.ok(accepted.error, accepted.error)
  const again = await kit.node({ home })
  await again.dial(ben)
  await until(
    'he is let in',
    () => mine(ben, jam),
    (state) => state === 'member',
  )
  const [row] = await of(again).invite.list()
  t.deepEqual(
    row?.joined.map(({ player }) => player),
    [ben.id],
  )
})

e2e('an inviter who is not in the jam now lets those in whom it invited once it is again', async (t, kit) => {
  const [ada, ben] = [await kit.node(), await kit.node()]
  await ada.ask(jamsContract).jam.start({ name: 'friday' })
  const jam = jamIdOf(ada.id, name('friday'))
  const { code } = await of(ada).invite.create({ jam: 'friday' })
  await ada.ask(jamsContract).jam.leave({ jam })
  const accepted = await of(ben).invite.accept({ code })
  t.match(accepted.error ?? '', /not in that jam now/)
  t.notEqual(await mine(ben, jam), 'member')
  await ada.ask(jamsContract).jam.join({ jam })
  await ada.linkTo(ben).close()
  await until(
    'he is let in',
    () => mine(ben, jam),
    (state) => state === 'member',
  )
})

e2e('a host in a code that is none is passed over', async (t, kit) => {
  const [ada, ben] = [await kit.node(), await kit.node()]
  const { code } = await of(ada).invite.create({})
  const network = networkTag(NETWORK_KEY, nodeCrypto)
  const read = readInvite(code, network, nodeCrypto)
  if (!read.ok) throw new Error(read.message)
  const addresses = [{ host: '1::2::3', port: 1 }, { host: '-', port: 1 }, ...read.invite.addresses]
  const odd = writeInvite({ ...read.invite, addresses }, network, nodeCrypto)
  t.ok((await of(ben).invite.accept({ code: odd })).connected)
})
