import test from 'tape'
import { nodeCrypto } from '../../lib/keys/index.ts'
import {
  barsOfUnit,
  checkPayload,
  checkSecretPayload,
  isOnUnit,
  meterParts,
  originalOf,
  parseEntry,
  readPayload,
} from '../../lib/entry/index.ts'
import type { JamTag, OnUnit, Payload, PayloadOf } from '../../lib/entry/index.ts'
import { throwsCode } from '../helpers/refusals.ts'
import { bytesOf, vectors } from '../helpers/vectors.ts'

type ObjectPayload = Exclude<Payload, string>
const payloads = vectors('valid.json')
  .map(({ fields }) => fields.payload)
  .filter((it): it is ObjectPayload => typeof it !== 'string')
const ofType = (type: string) => payloads.find((it) => it.type === type)!
const read = (payload: Payload) => readPayload({ comparable: 2 ** 52, payload })

test('a payload that is not what its type says is invalid, with a code and the place', (t) => {
  for (const vector of vectors('payloads.json')) {
    const parsed = parseEntry(bytesOf(vector), nodeCrypto)
    if (!parsed.ok) {
      t.fail(`${vector.name}: the entry itself is refused: ${parsed.code}`)
      continue
    }
    const given = readPayload(parsed.entry)
    t.equal(
      given.kind === 'invalid' && given.code,
      vector.code,
      `${vector.name}: ${'message' in given ? given.message : given.kind}`,
    )
  }
  t.end()
})

test('every type is read as itself and may be written', (t) => {
  const known = payloads.filter((it) => it.type.length > 1 && !it.type.startsWith('x-'))
  const types = new Set(known.map(({ type }) => type))
  t.equal(types.size, 15, 'all types but the two that are only encrypted')
  for (const payload of known) {
    const given = read(payload)
    t.equal(given.kind, payload.type)
    t.equal('payload' in given && given.payload, payload, 'the very object')
    t.doesNotThrow(() => checkPayload(payload))
  }
  t.end()
})

test('unknown types are unknown, inherited names among them', (t) => {
  for (const type of ['x', '', 'toString', 'constructor', '__proto__', 'synod', 'lease', 'drop']) {
    t.deepEqual(read({ type }), { kind: 'unknown', type })
    throwsCode(t, 'PAYLOAD_UNKNOWN', () => checkPayload({ type }), JSON.stringify(type))
  }
  t.end()
})

test('keys that a type does not know are kept when read and refused when written', (t) => {
  const stop = { ...ofType('stop'), mood: 'calm' }
  const given = read(stop)
  t.equal(given.kind === 'stop' && given.payload, stop)
  throwsCode(t, 'PAYLOAD_INVALID', () => checkPayload(stop), 'at the top')
  const play = payloads.find((it) => 'when' in it)!
  const when = { ...(play.when as object), mood: 'calm' }
  t.equal(read({ ...play, when }).kind, 'play')
  t.match(throwsCode(t, 'PAYLOAD_INVALID', () => checkPayload({ ...play, when }), 'inside')!.message, /when\.mood/)
  t.doesNotThrow(() => checkPayload({ ...ofType('stop'), mood: undefined }), 'undefined is not written')
  t.end()
})

test('what is private is not written in clear', (t) => {
  const identity = ofType('follow').identity
  for (const secret of [
    { type: 'ignore', identity, on: true },
    { type: 'private_note', text: 'dear diary', identity },
  ]) {
    throwsCode(t, 'PAYLOAD_NOT_ENCRYPTED', () => checkPayload(secret), secret.type)
    t.doesNotThrow(() => checkSecretPayload(secret))
    throwsCode(t, 'PAYLOAD_INVALID', () => checkSecretPayload({ ...secret, more: 1 }), 'still checked')
  }
  t.doesNotThrow(() => checkPayload('AAAA.box'))
  throwsCode(t, 'PAYLOAD_INVALID', () => checkPayload('AAAA'), 'text that is no box')
  throwsCode(t, 'PAYLOAD_INVALID', () => checkPayload({ ...ofType('param'), value: NaN }), 'NaN')
  t.end()
})

test('params hold names that objects inherit as mere names', (t) => {
  const given = read({ ...ofType('play'), params: { constructor: 1 } })
  t.equal(given.kind, 'play')
  const spoiled = { ...ofType('play'), params: JSON.parse('{"__proto__":1}') as object }
  t.equal(read(spoiled).kind, 'invalid')
  t.end()
})

test('the two kinds of tag are told apart', (t) => {
  const inJam = payloads.find((it) => it.type === 'tag' && 'jam' in it)!
  const onEntry = payloads.find((it) => it.type === 'tag' && 'entry' in it)!
  const given = read(inJam)
  const tag: PayloadOf<'tag'> | undefined = given.kind === 'tag' ? given.payload : undefined
  t.ok(tag && tag.entry === undefined && positionOf(tag) === 61_440)
  const other = read(onEntry)
  t.ok(other.kind === 'tag' && other.payload.entry !== undefined)
  t.end()
})
/** Type-checks only where the absence of `entry` proves that a tag has a position. */
const positionOf = (tag: JamTag): number => tag.at

test('an again shows its original', (t) => {
  const vector = vectors('valid.json').find(({ fields }) => (fields.payload as ObjectPayload).type === 'again')!
  const given = readPayload(vector.fields)
  if (given.kind !== 'again') throw new Error('the vector is an again')
  const original = originalOf(vector.fields, given.payload)
  t.deepEqual(original, {
    identity: vector.fields.identity,
    key: given.payload.key,
    comparable: given.payload.comparable,
    payload: given.payload.payload,
  })
  t.equal(readPayload(original).kind, 'public_note')
  t.end()
})

test('units and meters', (t) => {
  const units: [OnUnit, number][] = [
    ['now', 0],
    ['beat', 0],
    ['bar', 1],
    ['2bars', 2],
    ['999bars', 999],
  ]
  for (const [unit, bars] of units) t.ok(isOnUnit(unit) && barsOfUnit(unit) === bars, unit)
  t.deepEqual(meterParts('7/8'), { count: 7, unit: 8 })
  t.deepEqual(meterParts('64/32'), { count: 64, unit: 32 })
  t.end()
})
