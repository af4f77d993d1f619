import test from 'tape'
import fc from 'fast-check'
import {
  base64,
  base64url,
  compareBytes,
  concat,
  equalBytes,
  fromBase64,
  fromBase64url,
  fromHex,
  fromUtf8,
  fromUtf8Strict,
  hex,
  utf8,
} from '../../lib/base/index.ts'

const bytes = fc.uint8Array({ maxLength: 200 })

test('base64, base64url and hex agree with Node and turn back', (t) => {
  fc.assert(
    fc.property(bytes, (given) => {
      const buffer = Buffer.from(given)
      const same =
        base64(given) === buffer.toString('base64') &&
        base64url(given) === buffer.toString('base64url') &&
        hex(given) === buffer.toString('hex')
      const back = [fromBase64(base64(given)), fromBase64url(base64url(given)), fromHex(hex(given))]
      return same && back.every((it) => equalBytes(it, given))
    }),
  )
  t.pass('for 100 random byte strings')
  t.end()
})

test('bytes compare as Node compares them', (t) => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      const expected = Buffer.compare(a, b)
      return Math.sign(compareBytes(a, b)) === expected && equalBytes(a, b) === (expected === 0)
    }),
  )
  t.ok(compareBytes(utf8('ab'), utf8('abc')) < 0, 'a beginning sorts before the whole')
  t.ok(compareBytes(fromHex('ff'), fromHex('7f')) > 0, 'bytes are unsigned')
  t.end()
})

test('concat joins in order', (t) => {
  t.deepEqual(concat([fromHex('01'), new Uint8Array(0), fromHex('0203')]), fromHex('010203'))
  t.deepEqual(concat([]), new Uint8Array(0))
  t.end()
})

test('strict UTF-8 refuses what loose UTF-8 replaces, and keeps a byte order mark', (t) => {
  t.equal(fromUtf8Strict(fromHex('c0af')), undefined)
  t.equal(fromUtf8(fromHex('c0af')), '\ufffd\ufffd')
  t.equal(fromUtf8Strict(fromHex('efbbbf41')), '\ufeffA')
  t.equal(fromUtf8Strict(utf8('€🌅')), '€🌅')
  t.end()
})
