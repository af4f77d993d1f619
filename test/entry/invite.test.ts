import test from 'tape'
import { base64, name, jamIdOf } from '../../lib/base/index.ts'
import { generateIdentity, nodeCrypto } from '../../lib/keys/index.ts'
import { checkPayload, inviteMessage, readPayload, verifyInvite } from '../../lib/entry/index.ts'
import { vectors } from '../helpers/vectors.ts'

const [ada, ben] = [1, 2].map((at) => generateIdentity(new Uint8Array(32).fill(at))) as [
  ReturnType<typeof generateIdentity>,
  ReturnType<typeof generateIdentity>,
]

test('an invite made with another package verifies', (t) => {
  const vector = vectors('valid.json').find(({ fields }) => Object.hasOwn(fields.payload as object, 'invite'))!
  const read = readPayload(vector.fields)
  if (read.kind !== 'jam' || read.payload.action !== 'join' || !read.payload.invite) throw new Error('it is a join')
  const { jam, invite } = read.payload
  t.ok(verifyInvite(invite, jam, vector.fields.identity, nodeCrypto))
  t.notOk(verifyInvite(invite, jam, ada.id, nodeCrypto), 'not for another joiner')
  t.end()
})

test('the seed in an invite is a key that signs for one jam and one joiner', (t) => {
  const jam = jamIdOf(ada.id, name('first-light'))
  const invite = generateIdentity(new Uint8Array(32).fill(9))
  const key = invite.keys.public.slice(0, 44)
  const proof = { by: ada.id, key, sig: base64(invite.signer.sign(inviteMessage(jam, ben.id))) }
  t.ok(verifyInvite(proof, jam, ben.id, nodeCrypto))
  t.notOk(verifyInvite(proof, jamIdOf(ada.id, name('dusk')), ben.id, nodeCrypto), 'not for another jam')
  t.notOk(verifyInvite({ ...proof, key: ada.keys.public.slice(0, 44) }, jam, ben.id, nodeCrypto), 'not by another key')
  t.doesNotThrow(() => checkPayload({ type: 'jam', jam, action: 'join', invite: proof }))
  t.end()
})
