import test from 'tape'
import { entryKeyOf } from '../../lib/base/index.ts'
import { FUTURE_LIMIT_MICROS, compareHeads, isAhead, nextComparable } from '../../lib/entry/index.ts'
import { throwsCode } from '../helpers/refusals.ts'

const NOW = 1_760_000_000_000_000
const key = (first: number) => entryKeyOf(new Uint8Array(32).fill(9).fill(first, 0, 1))

test('heads compare by comparable, then by the bytes of their keys', (t) => {
  const at = (comparable: number, first: number) => ({ comparable, key: key(first) })
  t.ok(compareHeads(at(2, 0), at(1, 255)) > 0)
  t.ok(compareHeads(at(1, 255), at(2, 0)) < 0)
  t.equal(compareHeads(at(1, 5), at(1, 5)), 0)
  t.ok(compareHeads(at(1, 6), at(1, 5)) > 0)
  // As text the keys of 0xf8 ("+…") and 0x00 ("A…") sort the other way.
  t.ok(key(0xf8) < key(0x00))
  t.ok(compareHeads(at(1, 0xf8), at(1, 0x00)) > 0)
  t.end()
})

test('a comparable is the time of the clock, or follows the parent', (t) => {
  t.equal(nextComparable(undefined, NOW), NOW)
  t.equal(nextComparable(undefined, NOW + 0.7), NOW, 'whole')
  t.equal(nextComparable(NOW - 5, NOW), NOW)
  t.equal(nextComparable(NOW, NOW), NOW + 1)
  t.equal(nextComparable(NOW + 500, NOW), NOW + 501, 'the clock was set back')
  t.equal(nextComparable(undefined, -5), 1, 'at least 1')
  t.end()
})

test('an author does not append more than 10 minutes ahead of the clock', (t) => {
  t.equal(FUTURE_LIMIT_MICROS, 10 * 60 * 1_000_000)
  t.equal(nextComparable(NOW + FUTURE_LIMIT_MICROS - 1, NOW), NOW + FUTURE_LIMIT_MICROS)
  throwsCode(t, 'CLOCK_BEHIND_FEED', () => nextComparable(NOW + FUTURE_LIMIT_MICROS, NOW), '10 minutes and 1 µs')
  throwsCode(t, 'CLOCK_BEHIND_FEED', () => nextComparable(2 ** 53 - 1, NOW), 'the end of time')
  t.end()
})

test('an entry is ahead from 10 minutes and a microsecond', (t) => {
  t.notOk(isAhead(NOW + FUTURE_LIMIT_MICROS, NOW))
  t.ok(isAhead(NOW + FUTURE_LIMIT_MICROS + 1, NOW))
  t.end()
})
