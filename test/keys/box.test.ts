import test from 'tape'
import { fromHex } from '../../lib/base/index.ts'
import type { PlayerId } from '../../lib/base/index.ts'
import { box, generateIdentity, unbox } from '../../lib/keys/index.ts'
import { readPayload, readUnboxed, signEntry } from '../../lib/entry/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { throwsCode } from '../helpers/refusals.ts'
import { vectors } from '../helpers/vectors.ts'

const identity = (at: number) => generateIdentity(new Uint8Array(32).fill(at))
const people = [1, 2, 3, 4, 5, 6, 7, 8].map(identity)
const note = { type: 'private_note', text: 'dear diary' }

test('one to seven recipients read a box, others do not', (t) => {
  for (let count = 1; count <= 7; count++) {
    const boxed = box(
      note,
      people.slice(0, count).map(({ id }) => id),
    )
    t.ok(boxed.endsWith('.box'))
    people.forEach((person, at) => t.deepEqual(unbox(boxed, person), at < count ? note : undefined))
  }
  t.end()
})

test('a box has one to seven recipients, each a key that can be encrypted to', (t) => {
  const ids = people.map(({ id }) => id)
  throwsCode(t, 'BOX_RECIPIENTS', () => box(note, []), 'none')
  throwsCode(t, 'BOX_RECIPIENTS', () => box(note, ids), 'eight')
  throwsCode(t, 'BOX_RECIPIENTS', () => box(note, ['ada' as PlayerId]), 'no identity')
  const order1 = `@${Buffer.from([1, ...new Uint8Array(31)]).toString('base64')}.ed25519` as PlayerId
  throwsCode(t, 'BOX_RECIPIENTS', () => box(note, [order1]), 'a key of small order')
  t.end()
})

test('what is no box is not opened and does not throw', (t) => {
  const boxed = box(note, [people[0]!.id])
  for (const text of [
    '',
    '.box',
    'AAAA.box',
    boxed.slice(0, -4),
    boxed.slice(40),
    'x' + boxed,
    '\ud800.box',
    '@@@@.box',
  ])
    t.equal(unbox(text, people[0]!), undefined, JSON.stringify(text.slice(0, 20)))
  t.end()
})

test('boxes made by another backend open', (t) => {
  const { seeds, content, forBen, forSeven } = vectors('box.json')
  const [ada, ben] = [generateIdentity(fromHex(seeds.ada)), generateIdentity(fromHex(seeds.ben))]
  t.deepEqual(unbox(forBen, ben), content)
  t.equal(unbox(forBen, ada), undefined)
  t.deepEqual(unbox(forSeven, ada), content)
  t.equal(unbox(forSeven, ben), undefined)
  t.end()
})

test('a boxed payload goes through an entry and is read with its type', (t) => {
  const [ada, ben] = [identity(1), identity(2)]
  const ignore = { type: 'ignore', identity: ben.id, on: true }
  const fields = { identity: ada.id, parent: null, comparable: 5, synod: null, payload: box(ignore, [ada.id]) }
  const read = readPayload(signEntry(fields, ada.signer, nodeCrypto))
  t.equal(read.kind, 'boxed')
  const opened = readUnboxed(read.kind === 'boxed' ? unbox(read.text, ada) : undefined)
  t.deepEqual(opened, { kind: 'ignore', payload: ignore })
  t.end()
})

test('the content of a box is checked like any payload', (t) => {
  let deep: unknown = 1
  for (let i = 0; i < 5000; i++) deep = [deep]
  const contents = [undefined, null, 5, 'text', 'x.box', [], {}, { type: 5 }, { type: 't', deep }, { type: 'ignore' }]
  for (const content of [...contents, JSON.parse('{"type":"t","__proto__":{"type":"u"}}')]) {
    const read = readUnboxed(content)
    t.equal(read.kind, 'invalid')
    t.equal(read.kind === 'invalid' && read.code, 'PAYLOAD_INVALID')
  }
  t.deepEqual(readUnboxed({ type: 'of-tomorrow' }), { kind: 'unknown', type: 'of-tomorrow' })
  t.end()
})
