import fc from 'fast-check'
import test from 'tape'
import { jamIdOf, name } from '../../lib/base/index.ts'
import { NETWORK_KEY } from '../../lib/host/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { networkTag, readInvite, writeInvite, type Invite } from '../../lib/peers/index.ts'
import { identityNamed } from '../helpers/chains.ts'

const [ada, ben] = [identityNamed('ada').id, identityNamed('ben').id]
const network = networkTag(NETWORK_KEY, nodeCrypto)
const write = (invite: Invite): string => writeInvite(invite, network, nodeCrypto)
const read = (text: string) => readInvite(text, network, nodeCrypto)
const seed = new Uint8Array(32).map((_, at) => at)
const friday = jamIdOf(ada, name('friday'))
const base: Invite = { inviter: ada, seed, addresses: [{ host: '192.168.1.20', port: 2468 }] }
const codeOf = (text: string): string => {
  const found = read(text)
  return found.ok ? 'ok' : found.code
}

test('invite code: what is written is read', (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.array(
        fc.record({
          host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('jam.example.org')),
          port: fc.integer({ min: 1, max: 65_535 }),
        }),
        { maxLength: 8 },
      ),
      fc.constantFrom(undefined, friday, jamIdOf(ben, name('a.very_long-name-of-a-jam.0123456789'))),
      fc.option(fc.integer({ min: 1, max: 2 ** 32 - 1 }), { nil: undefined }),
      (key, addresses, jam, expires) => {
        const invite = { inviter: ada, seed: key, addresses, ...(jam && { jam }), ...(expires && { expires }) }
        const code = write(invite)
        if (!/^marmalade1[ac-hj-np-z02-9]+$/.test(code)) throw new Error(`${code} has ambiguous characters`)
        const found = read(code)
        if (!found.ok) throw new Error(found.message)
        if (JSON.stringify(found.invite) !== JSON.stringify(reordered(found.invite, invite))) throw new Error('another')
      },
    ),
  )
  t.deepEqual(read(write({ ...base, jam: friday })), { ok: true, invite: { ...base, jam: friday } })
  t.ok(write({ ...base, jam: friday }).length < 180, `${write({ ...base, jam: friday }).length} characters`)
  t.end()
})

/** `invite` with its keys in the order of `model`. */
const reordered = (model: Invite, invite: Invite): unknown =>
  Object.fromEntries(Object.keys(model).map((key) => [key, invite[key as keyof Invite]]))

test('invite code: one character that is another, is missing or too many, is found', (t) => {
  const code = write({ ...base, jam: friday })
  const letters = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l1bio'
  let taken = 0
  for (let at = 0; at < code.length; at++) {
    for (const letter of letters) {
      if (letter !== code[at] && codeOf(code.slice(0, at) + letter + code.slice(at + 1)) === 'ok') taken++
    }
    if (codeOf(code.slice(0, at) + code.slice(at + 1)) === 'ok') taken++
    if (codeOf(`${code.slice(0, at)}q${code.slice(at)}`) === 'ok') taken++
  }
  t.equal(taken, 0)
  for (const text of ['', 'marmalade', 'marmalade1', 'marmalade2qqqq', 'https://example.org', 'q'.repeat(10_000)]) {
    t.equal(codeOf(text), 'INVITE_MALFORMED', text.slice(0, 30))
  }
  t.end()
})

test('invite code: of another network, and with anything in it', (t) => {
  const other = networkTag(new Uint8Array(32), nodeCrypto)
  t.equal(codeOf(writeInvite(base, other, nodeCrypto)), 'INVITE_NETWORK')
  t.equal(
    codeOf(write({ ...base, addresses: [{ host: 'a b;c', port: 1 }] })),
    'INVITE_MALFORMED',
    'a host that is none',
  )
  t.equal(codeOf(write({ ...base, addresses: [{ host: 'a', port: 0 }] })), 'INVITE_MALFORMED')
  t.equal(
    codeOf(
      ` ${write(base)
        .toUpperCase()
        .replace(/(.{20})/g, '$1\n  ')}`,
    ),
    'ok',
    'broken into lines by mail',
  )
  t.end()
})
