import test from 'tape'
import { refOf } from '../../lib/base/index.ts'
import type { Failure } from '../../lib/engine/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import { failureWords, missingWords } from '../../bin/cli/failures.ts'
import { BEN } from '../helpers/jams.ts'

const failure = {
  path: `${refOf(BEN)}/bass/low`,
  frame: 96_000,
  bar: 2,
  code: 'GENERATOR_TRAPPED',
  message: 'it trapped\n\u001b[31m',
} as Failure

test('who failed in a render is told in a line each, without what would steer a terminal', (t) => {
  t.deepEqual(failureWords([]), [])
  t.deepEqual(failureWords([failure]), [`failed  ${shortIdOf(BEN)}:low in bar 2: GENERATOR_TRAPPED: it trapped `])
  const many = failureWords(Array.from({ length: 300 }, () => failure))
  t.equal(many.length, 21, 'many are cut')
  t.equal(many.at(-1), 'failed  and 280 more: --json lists them all')
  t.end()
})

test('entries that a take heard and no feed here has are told in two lines', (t) => {
  t.deepEqual(missingWords(undefined), [])
  const [what, how] = missingWords({ entries: 2, frame: 96_000 }, 'B ')
  t.equal(what, 'missing B heard 2 entries of no feed here, the first at frame 96000:')
  t.match(how ?? '', /^ {8}fetch its players' feeds/)
  t.equal(missingWords({ entries: 1, frame: 0 }).at(0), 'missing heard 1 entry of no feed here, the first at frame 0:')
  t.end()
})
