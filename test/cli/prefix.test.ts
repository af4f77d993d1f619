import test from 'tape'
import { beginning, isPrefix, shortOf } from '../../bin/cli/prefix.ts'
import { throwsCode } from '../helpers/refusals.ts'

const ID = { one: '&SsZd3b3xAAAA=.sha256', two: '&SsZd9999BBBB=.sha256', odd: '&+/a5CCCC=.sha256' }
const ids = Object.values(ID).map((id) => ({ id, meant: id }))

test('an id is named by how it begins, with its sign or without; what fits several is refused', (t) => {
  t.equal(shortOf(ID.one), 'SsZd3b3x')
  t.equal(beginning(shortOf(ID.one), ids), ID.one)
  t.equal(beginning('&SsZd9', ids), ID.two)
  t.equal(beginning('+/a5', ids), ID.odd)
  t.equal(beginning('zzzz', ids), undefined)
  throwsCode(t, 'PREFIX_AMBIGUOUS', () => beginning('SsZd', ids), 'two begin so')
  t.equal(beginning('SsZd', [...ids.slice(0, 1), { id: ID.two, meant: ID.one }]), ID.one, 'two names of one thing')
  t.end()
})

test('the beginning of an id has 4 to 43 characters of base64', (t) => {
  t.deepEqual(['SsZd', '%SsZd', '@SsZd', '+/+/'].map(isPrefix), [true, true, true, true])
  t.deepEqual(['', '%', 'SsZ', 'Ss…d', 'SsZd=', 'S'.repeat(44), ID.one].map(isPrefix), Array(7).fill(false))
  t.end()
})
