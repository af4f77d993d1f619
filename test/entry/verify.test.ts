import test from 'tape'
import { createPublicKey, verify } from 'node:crypto'
import { rawId } from '../../lib/base/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { parseEntry, verifyEntry } from '../../lib/entry/index.ts'
import { bytesOf, vectors } from '../helpers/vectors.ts'

/** What OpenSSL, within Node, says of the same signature. */
function openssl(bytes: Uint8Array, publicKey: Uint8Array): boolean {
  const x = Buffer.from(publicKey).toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return verify(null, bytes.subarray(0, -64), key, bytes.subarray(-64))
}

test('signatures verify by the strict rules of libsodium', (t) => {
  for (const vector of vectors('signatures.json')) {
    const parsed = parseEntry(bytesOf(vector), nodeCrypto)
    t.ok(parsed.ok, 'apart from its signature it is an entry')
    t.equal(parsed.ok && verifyEntry(parsed.entry, nodeCrypto), vector.verifies, vector.name)
  }
  t.end()
})

test('the vectors bite: other verifiers take what is refused here', (t) => {
  const refused = vectors('signatures.json').filter(({ verifies }) => !verifies)
  for (const vector of refused) {
    const parsed = parseEntry(bytesOf(vector), nodeCrypto)
    if (!parsed.ok || !vector.openssl) continue
    t.ok(openssl(parsed.entry.bytes, rawId(parsed.entry.identity)), `OpenSSL takes: ${vector.name}`)
  }
  const taken = (kind: RegExp, by: 'openssl' | 'tweetnacl') => refused.some((it) => kind.test(it.name) && it[by])
  t.ok(taken(/^S \+ L/, 'tweetnacl'), 'a malleated S')
  t.ok(taken(/^key of order/, 'openssl'), 'a key of small order')
  t.ok(taken(/^R of order 1/, 'openssl'), 'an R of small order')
  t.end()
})

test('any flipped bit of text or signature undoes an entry', (t) => {
  const vector = vectors('valid.json')[0]!
  const bytes = bytesOf(vector)
  let unverified = 0
  for (let bit = 0; bit < bytes.length * 8; bit += 13) {
    const spoiled = Uint8Array.from(bytes)
    spoiled[bit >> 3]! ^= 1 << (bit & 7)
    const parsed = parseEntry(spoiled, nodeCrypto)
    if (!parsed.ok) continue
    unverified++
    if (verifyEntry(parsed.entry, nodeCrypto)) t.fail(`bit ${bit}`)
    if (parsed.entry.key === vector.key) t.fail(`bit ${bit} keeps the key`)
  }
  t.ok(unverified > 50, 'many flips leave an entry that only its signature betrays')
  t.end()
})
