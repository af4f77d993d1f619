import test from 'tape'
import fc from 'fast-check'
import { utf8 } from '../../lib/base/index.ts'
import type { EntryKey } from '../../lib/base/index.ts'
import { generateIdentity, nodeCrypto } from '../../lib/keys/index.ts'
import { MAX_FRESH_BYTES, encodeText, isPayload, parseEntry, signEntry, verifyEntry } from '../../lib/entry/index.ts'
import type { EntryFields, Payload } from '../../lib/entry/index.ts'
import { throwsCode } from '../helpers/refusals.ts'
import { bytesOf, vectors } from '../helpers/vectors.ts'

const ada = generateIdentity(new Uint8Array(32).fill(1))
const fieldsOf = (payload: Payload): EntryFields => ({
  identity: ada.id,
  parent: null,
  comparable: 1_760_000_000_000_000,
  synod: null,
  payload,
})
const sign = (fields: EntryFields) => signEntry(fields, ada.signer, nodeCrypto)

test('text is written as other packages write it', (t) => {
  for (const { name, bytes, fields } of vectors('valid.json').filter(
    (it) => it.fields.comparable > 1_760_000_000_000_000,
  ))
    t.equal(encodeText(fields), Buffer.from(bytes, 'base64').subarray(0, -64).toString(), name)
  const { fields } = vectors('valid.json')[0]!
  const { identity, parent, comparable, synod, payload } = fields
  const shuffled = { payload, comparable, synod, identity, parent, bytes: 1 }
  t.equal(encodeText(shuffled), encodeText(fields), 'the order of the five keys is fixed, and nothing else is written')
  t.end()
})

test('an entry signed here is the one another node parses', (t) => {
  const entry = sign({
    ...fieldsOf({ type: 't', text: '€🌅' }),
    synod: [ada.id, vectors('valid.json')[0]!.key as EntryKey],
  })
  const parsed = parseEntry(entry.bytes, nodeCrypto)
  t.deepEqual(parsed.ok && parsed.entry, entry)
  t.ok(verifyEntry(entry, nodeCrypto))
  t.end()
})

test('a fresh entry leaves room to be published again', (t) => {
  const empty = sign(fieldsOf({ type: 't', text: '' })).bytes.length
  const largest = sign(fieldsOf({ type: 't', text: 'x'.repeat(MAX_FRESH_BYTES - empty) }))
  t.equal(largest.bytes.length, MAX_FRESH_BYTES)
  const larger = fieldsOf({ type: 't', text: 'x'.repeat(MAX_FRESH_BYTES - empty + 1) })
  throwsCode(t, 'ENTRY_TOO_LARGE', () => sign(larger), '14,849 bytes')
  const again = { type: 'again', key: largest.key, comparable: largest.comparable, payload: largest.payload }
  const wrapped = utf8(
    encodeText({ ...fieldsOf(again), comparable: 2 ** 53 - 1, parent: largest.key, synod: [ada.id, largest.key] }),
  )
  t.ok(wrapped.length + 64 <= 15_360, `wrapped it has ${wrapped.length + 64} bytes`)
  t.end()
})

test('an author cannot sign what others would refuse, nor what JSON would change', (t) => {
  const endless: Record<string, unknown> = { type: 't' }
  endless.self = endless
  const lossy: unknown[] = [
    NaN,
    Infinity,
    undefined,
    () => 1,
    Symbol('s'),
    1n,
    new Date(0),
    new Map(),
    new Uint8Array(2),
  ]
  for (const value of [...lossy, [undefined], new Array(2), { a: { b: NaN } }])
    throwsCode(t, 'PAYLOAD_INVALID', () => sign(fieldsOf({ type: 't', list: [value] })), typeof value)
  throwsCode(t, 'PAYLOAD_INVALID', () => sign(fieldsOf(endless as Payload)), 'an object that holds itself')
  throwsCode(
    t,
    'PAYLOAD_INVALID',
    () => sign(fieldsOf(JSON.parse('{"type":"t","__proto__":1}') as Payload)),
    '__proto__',
  )
  throwsCode(t, 'ENTRY_SURROGATE', () => sign(fieldsOf({ type: 't', text: '\ud800' })), 'half a pair')
  throwsCode(t, 'ENTRY_PAYLOAD', () => sign(fieldsOf('text')), 'text')
  throwsCode(t, 'ENTRY_PAYLOAD', () => sign(fieldsOf({} as Payload)), 'no type')
  throwsCode(t, 'ENTRY_COMPARABLE', () => sign({ ...fieldsOf({ type: 't' }), comparable: 2 ** 53 }), '2^53')
  throwsCode(t, 'ENTRY_COMPARABLE', () => sign({ ...fieldsOf({ type: 't' }), comparable: 0.5 }), 'a fraction')
  throwsCode(t, 'ENTRY_PARENT', () => sign({ ...fieldsOf({ type: 't' }), parent: 'x' as EntryKey }), 'no parent')
  t.deepEqual(sign(fieldsOf({ type: 't', left: undefined })).payload, { type: 't' }, 'an undefined key is left away')
  t.end()
})

test('an entry that another key signed is refused', (t) => {
  const ben = generateIdentity(new Uint8Array(32).fill(2))
  throwsCode(t, 'ENTRY_SIGNATURE', () => signEntry(fieldsOf({ type: 't' }), ben.signer, nodeCrypto), 'by Ben for Ada')
  t.end()
})

const json = fc
  .jsonValue({ maxDepth: 5, noUnicodeString: false })
  .map((value): unknown => JSON.parse(JSON.stringify(value)))
const payload = fc
  .tuple(fc.string(), fc.dictionary(fc.string({ unit: 'grapheme' }), json))
  .map(([type, rest]) => ({ ...(JSON.parse(JSON.stringify(rest)) as object), type }))
  .filter((it) => !JSON.stringify(it).includes('__proto__') && isPayload(it))

test('random payloads make the round trip', (t) => {
  fc.assert(
    fc.property(payload, fc.integer({ min: 1, max: 2 ** 53 - 1 }), (it, comparable) => {
      fc.pre(JSON.stringify(it).length < 14_000)
      const entry = sign({ ...fieldsOf(it), comparable })
      const parsed = parseEntry(entry.bytes, nodeCrypto)
      return (
        parsed.ok &&
        JSON.stringify(parsed.entry.payload) === JSON.stringify(it) &&
        verifyEntry(parsed.entry, nodeCrypto)
      )
    }),
    { numRuns: 500 },
  )
  t.pass('500 of them')
  t.end()
})

const samples = [...vectors('valid.json'), ...vectors('hostile.json')]
  .map(bytesOf)
  .filter((it) => it.length > 80 && it.length < 2000)

test('mutated bytes are parsed or refused, never thrown at', (t) => {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat(4),
    put: fc.uint8Array({ maxLength: 4 }),
  })
  const syntax = fc.constantFrom(...Array.from('{}[]",:\\u0eE-+. \n', utf8))
  const seen = new Set<string>()
  fc.assert(
    fc.property(
      fc.constantFrom(...samples),
      fc.array(fc.tuple(edit, fc.option(syntax)), { minLength: 1, maxLength: 4 }),
      (bytes, edits) => {
        let spoiled = bytes
        for (const [{ at, cut, put }, special] of edits) {
          const from = Math.floor(at * (spoiled.length - 64))
          spoiled = Uint8Array.from([
            ...spoiled.subarray(0, from),
            ...(special ?? put),
            ...spoiled.subarray(from + cut),
          ])
        }
        const parsed = parseEntry(spoiled, nodeCrypto)
        seen.add(parsed.ok ? 'ok' : parsed.code)
        return !parsed.ok || isAsWritten(spoiled)
      },
    ),
    { numRuns: 3000, seed: 1 },
  )
  t.ok(seen.size >= 8, [...seen].join(' '))
  t.end()
})

/** A second opinion on accepted text: what JSON.parse reads of it, written again, differs in spelling alone. */
function isAsWritten(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes).subarray(0, -64).toString()
  const read = JSON.parse(text) as EntryFields
  return Object.keys(read).join() === 'identity,parent,comparable,synod,payload' && isPayload(read.payload)
}
