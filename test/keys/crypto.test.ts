import test from 'tape'
import { createHash } from 'node:crypto'
import { nodeCrypto } from '../../lib/keys/index.ts'

test('SHA-256 is 32 bytes, as createHash gives them', (t) => {
  for (const size of [0, 1, 55, 56, 64, 600, 15_360]) {
    const bytes = new Uint8Array(size).fill(size & 255)
    const hash = nodeCrypto.sha256(bytes)
    t.equal(Buffer.from(hash).toString('hex'), createHash('sha256').update(bytes).digest('hex'), `${size} bytes`)
  }
  t.end()
})

test('signatures and keys of a wrong length do not verify and do not throw', (t) => {
  const [message, key, signature] = [new Uint8Array(3), new Uint8Array(32).fill(5), new Uint8Array(64)]
  t.notOk(nodeCrypto.verify(signature.subarray(1), message, key))
  t.notOk(nodeCrypto.verify(new Uint8Array(65), message, key))
  t.notOk(nodeCrypto.verify(new Uint8Array(0), message, key))
  t.notOk(nodeCrypto.verify(signature, message, key.subarray(1)))
  t.notOk(nodeCrypto.verify(signature, message, new Uint8Array(33)))
  t.notOk(nodeCrypto.verify(signature, new Uint8Array(0), key))
  t.end()
})
