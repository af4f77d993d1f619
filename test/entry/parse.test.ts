import test from 'tape'
import { CODES, concat, fromUtf8, utf8 } from '../../lib/base/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { parseEntry, readPayload, verifyEntry } from '../../lib/entry/index.ts'
import { bytesOf, vectors } from '../helpers/vectors.ts'

test('entries made with other packages parse, verify and have their key', (t) => {
  for (const vector of vectors('valid.json')) {
    const bytes = bytesOf(vector)
    const parsed = parseEntry(bytes, nodeCrypto)
    if (!parsed.ok) {
      t.fail(`${vector.name}: ${parsed.code} ${parsed.message}`)
      continue
    }
    const { key, bytes: kept, identity, parent, comparable, synod, payload } = parsed.entry
    const fields = { identity, parent, comparable, synod, payload }
    t.equal(key, vector.key, vector.name)
    t.equal(kept, bytes, 'the very bytes are kept')
    t.equal(JSON.stringify(fields), JSON.stringify(vector.fields), 'its fields, in their order')
    t.ok(verifyEntry(parsed.entry, nodeCrypto), 'its signature verifies')
    const read = readPayload(parsed.entry)
    t.notEqual(read.kind, 'invalid', read.kind === 'invalid' ? read.message : read.kind)
  }
  t.end()
})

test('hostile bytes are refused, each with the code of the one rule that it breaks', (t) => {
  for (const vector of vectors('hostile.json')) {
    const parsed = parseEntry(bytesOf(vector), nodeCrypto)
    t.equal(parsed.ok ? 'accepted' : parsed.code, vector.code, `${vector.code}: ${JSON.stringify(vector.name)}`)
  }
  t.end()
})

test('every code of entries and payloads has a vector', (t) => {
  const covered = new Set([...vectors('hostile.json'), ...vectors('payloads.json')].map(({ code }) => code))
  // Those that only an author meets, and the signature, are provoked in the tests beside this one.
  const elsewhere = ['ENTRY_SIGNATURE', 'PAYLOAD_UNKNOWN']
  for (const code of Object.keys(CODES) as (keyof typeof CODES)[])
    if (/^(ENTRY|PAYLOAD|AGAIN)_/.test(code) && !elsewhere.includes(code)) t.ok(covered.has(code), code)
  t.end()
})

test('U+FEFF in a key is a character like others, also where keys are compared as text', (t) => {
  const [vector] = vectors('valid.json')
  const header = fromUtf8(bytesOf(vector!)).split('"payload":')[0] ?? ''
  const codeOf = (payload: string): string => {
    const parsed = parseEntry(concat([utf8(`${header}"payload":${payload}}`), new Uint8Array(64)]), nodeCrypto)
    return parsed.ok ? 'accepted' : parsed.code
  }
  const many = Array.from({ length: 13 }, (_, at) => `"k${at}":0`).join()
  t.equal(codeOf('{"type":"x","a":1,"\uFEFFa":2,"b\\u0063":3}'), 'accepted')
  t.equal(codeOf(`{"type":"x","a":1,"\uFEFFa":2,${many}}`), 'accepted')
  t.equal(codeOf('{"type":"x","\uFEFF__pr\\u006fto__":3}'), 'accepted')
  t.equal(codeOf('{"type":"x","\uFEFFa":1,"\\ufeffa":2}'), 'ENTRY_DUPLICATE_KEY')
  t.equal(codeOf('{"typ\\u0065":"x"}'), 'accepted')
  t.equal(codeOf('{"type":"x","typ\\u0065":"y"}'), 'ENTRY_DUPLICATE_KEY')
  t.end()
})

test('a view into a larger buffer parses as the bytes alone do', (t) => {
  const [vector] = vectors('valid.json')
  const bytes = bytesOf(vector!)
  const around = new Uint8Array(bytes.length + 20).fill(0xff)
  around.set(bytes, 7)
  const parsed = parseEntry(around.subarray(7, 7 + bytes.length), nodeCrypto)
  t.equal(parsed.ok && parsed.entry.key, vector!.key)
  t.ok(parsed.ok && verifyEntry(parsed.entry, nodeCrypto))
  t.end()
})

test('inherited names are data, and the prototype stays what it was', (t) => {
  const vector = vectors('valid.json').find(({ name }) => name === 'keys that objects inherit')
  const parsed = parseEntry(bytesOf(vector!), nodeCrypto)
  t.ok(parsed.ok)
  t.equal((Object.prototype as Record<string, unknown>).proto, undefined)
  t.end()
})
