import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'tape'
import { base64, entryKeyOf, rawId, type PlayerId } from '../../../lib/base/index.ts'
import { inviteMessage } from '../../../lib/entry/index.ts'
import { InvitesFile, type Issued } from '../../../plugins/invites/file.ts'
import { Issuing } from '../../../plugins/invites/issuing.ts'
import { identityNamed } from '../../helpers/chains.ts'
import { codeOf, Teardown } from '../../helpers/hosts.ts'

const key = identityNamed('the key of an invite')
const [ann, ben, cy] = [identityNamed('ann').id, identityNamed('ben').id, identityNamed('cy').id]
const issuedAs = (more: Partial<Issued> = {}): Issued => ({
  key: base64(rawId(key.id)),
  uses: 2,
  created: 0,
  revoked: false,
  follow: true,
  joined: [],
  ...more,
})
const shownBy = (player: PlayerId): { key: string; sig: string } => ({
  key: base64(rawId(key.id)),
  sig: base64(key.signer.sign(inviteMessage('', player))),
})

test('issuing: who comes in is on disk before, each once, and no more than may', async (t) => {
  const down = new Teardown()
  const path = join(await down.folder(), 'invites.json')
  const file = new InvitesFile(path)
  const welcomed: PlayerId[] = []
  let broken = true
  const issuing = new Issuing({
    state: await file.load(),
    file,
    now: () => 0,
    welcome: async (player) => {
      const onDisk = await new InvitesFile(path).load()
      t.ok(
        onDisk.issued[0]?.joined.some((one) => one.player === player && !one.in),
        'on disk before it is let in',
      )
      if (broken) throw new Error('the power went')
      welcomed.push(player)
    },
  })
  await issuing.add(issuedAs())
  await issuing.redeem(ann, shownBy(ann)).catch(() => undefined)
  broken = false
  const all = await Promise.allSettled([ann, ben, cy, ben].map((player) => issuing.redeem(player, shownBy(player))))
  t.deepEqual(welcomed, [ann, ben], 'whoever was not let in for a fault is the next time')
  t.deepEqual(
    all.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  )
  const after = await new InvitesFile(path).load()
  t.ok(after.issued[0]?.joined.every((one) => one.in))
  await down.run()
})

test('issuing: invites are bounded; those that are over make room', async (t) => {
  const down = new Teardown()
  const file = new InvitesFile(join(await down.folder(), 'invites.json'))
  const issued = Array.from({ length: 256 }, () => issuedAs())
  const issuing = new Issuing({ state: { issued, pending: [] }, file, now: () => 5, welcome: () => Promise.resolve() })
  t.equal(await codeOf(issuing.add(issuedAs())), 'INVITES_FULL')
  issued[7] = issuedAs({ expires: 4 })
  await issuing.add(issuedAs())
  t.equal(issuing.list().length, 256)
  await down.run()
})

test('issuing: a file that cannot be read is not written over', async (t) => {
  const down = new Teardown()
  const folder = await down.folder()
  const path = join(folder, 'invites.json')
  for (const text of ['nonsense', '{"issued":[{}],"pending":[]}']) {
    await writeFile(path, text)
    t.equal(await codeOf(new InvitesFile(path).load()), 'INVITES_UNREADABLE', text)
  }
  await mkdir(join(folder, 'folder.new'))
  const blocked = new InvitesFile(join(folder, 'folder'))
  t.equal(await codeOf(blocked.save({ issued: [], pending: [] })), 'INVITES_UNREADABLE')
  await down.run()
})

test('issuing: an entry whose invite is not good is refused once, however often it is met', async (t) => {
  const down = new Teardown()
  const file = new InvitesFile(join(await down.folder(), 'invites.json'))
  const welcomed: PlayerId[] = []
  let broken = true
  const welcome = async (player: PlayerId): Promise<void> => {
    if (broken) throw new Error('the power went')
    welcomed.push(player)
  }
  const issuing = new Issuing({ state: await file.load(), file, now: () => 0, welcome })
  await issuing.add(issuedAs())
  const [bad, good] = [entryKeyOf(new Uint8Array(32)), entryKeyOf(new Uint8Array(32).fill(1))]
  t.equal(await codeOf(issuing.redeemIn(bad, ben, shownBy(ann))), 'INVITE_FORGED')
  await issuing.redeemIn(bad, ben, shownBy(ann))
  await issuing.redeemIn(good, ann, shownBy(ann)).catch(() => undefined)
  broken = false
  await issuing.redeemIn(good, ann, shownBy(ann))
  t.deepEqual(welcomed, [ann], 'a fault of the node is tried again')
  await down.run()
})
