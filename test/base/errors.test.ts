import test from 'tape'
import { readFileSync } from 'node:fs'
import { CODES, MarmaladeError, hasCode, refusal } from '../../lib/base/index.ts'
import { errorsDoc } from '../helpers/errors-doc.ts'
import { projectRoot } from '../helpers/vectors.ts'

test('every code has a text and docs/errors.md lists them all', (t) => {
  for (const [code, text] of Object.entries(CODES)) {
    t.match(code, /^[A-Z][A-Z0-9_]*$/, code)
    t.ok(text.trim().length > 10 && !text.includes('\n'), `${code} says what kind of failure it is`)
  }
  const written = readFileSync(new URL('docs/errors.md', projectRoot()), 'utf8')
  const apart = rowsOf(written).filter((row) => !rowsOf(errorsDoc()).includes(row))
  const missing = rowsOf(errorsDoc()).filter((row) => !rowsOf(written).includes(row))
  t.deepEqual([...missing, ...apart], [], 'run node --import tsx test/helpers/write-errors-doc.ts')
  t.ok(written === errorsDoc(), 'in the order of the alphabet, with nothing else')
  t.end()
})

const rowsOf = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('| `'))

test('an error carries its code and its cause', (t) => {
  const cause = new Error('below')
  const error = new MarmaladeError('USAGE', 'say what', { cause })
  t.ok(error instanceof Error)
  t.equal(error.name, 'MarmaladeError')
  t.equal(error.message, 'say what')
  t.equal(error.cause, cause)
  t.ok(hasCode(error, 'USAGE'))
  t.notOk(hasCode(error, 'CLOSED'))
  t.notOk(hasCode(Object.assign(new Error(), { code: 'USAGE' }), 'USAGE'), 'another class does not pass for it')
  t.deepEqual(refusal('USAGE', 'x'), { code: 'USAGE', message: 'x' })
  t.end()
})
