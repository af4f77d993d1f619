import type { Test } from 'tape'
import { MarmaladeError } from '../../lib/base/index.ts'
import type { ErrorCode } from '../../lib/base/index.ts'

/** Asserts that the call throws a MarmaladeError of this code, with a message for people; gives the error. */
export function throwsCode(t: Test, code: ErrorCode, call: () => unknown, what: string): MarmaladeError | undefined {
  try {
    call()
  } catch (error) {
    if (!(error instanceof MarmaladeError)) throw error
    t.equal(error.code, code, `${what}: ${error.message}`)
    return error
  }
  t.fail(`${what}: expected ${code}`)
  return undefined
}
