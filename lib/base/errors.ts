/**
 * Every failure has one code. A code's text says what kind of failure it is; an error's message says what is wrong
 * in this case and what to do about it. docs/errors.md lists the same table; a test holds the two together.
 */
export const CODES = {
  // base
  NAME_INVALID: 'a name breaks the rule: 1 to 64 of a-z 0-9 . _ - starting with a letter or digit',
  ID_INVALID: 'text that should be an identity, entry key, blob id, jam or generator is none',
  USAGE: 'the command line or the arguments of a call are wrong',
  CANCELLED: 'the caller gave up or the other side closed',
  CLOSED: 'used after it was closed',
  INTERNAL: 'a fault of the program; details are in the log of the node it happened on',
} as const

export type ErrorCode = keyof typeof CODES

/** The one error class. `message` says what is wrong and what to do; stacks and file paths never cross the wire. */
export class MarmaladeError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'MarmaladeError'
    this.code = code
  }
}

/** Whether something thrown carries the code asked for. */
export const hasCode = (error: unknown, code: ErrorCode): error is MarmaladeError =>
  error instanceof MarmaladeError && error.code === code

/** A refusal that the caller must branch on: returned, never thrown. */
export interface Refusal {
  readonly code: ErrorCode
  readonly message: string
}
export const refusal = (code: ErrorCode, message: string): Refusal => ({ code, message })
