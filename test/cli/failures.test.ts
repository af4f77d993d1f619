import test from 'tape'
import { refOf } from '../../lib/base/index.ts'
import type { Failure } from '../../lib/engine/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import { failureWords } from '../../bin/cli/failures.ts'
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
