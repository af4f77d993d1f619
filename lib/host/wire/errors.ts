import { CODES, MarmaladeError } from '../../base/index.ts'
import type { ErrorCode } from '../../base/index.ts'

/** An error as it is handed to muxrpc, which keeps only name and message; the codec writes `{code, message}` from them. */
export interface WireError {
  readonly name: ErrorCode
  readonly message: string
}

const MESSAGE_LIMIT = 500
const PATH = /(?<=^|[\s'"`(=,])(?:~|[A-Za-z]:|file:\/\/)?(?:[/\\][^\s'"`/\\),]+){2,}[/\\]?/g
// eslint-disable-next-line no-control-regex -- text of others must not steer the terminal it is shown on
const CONTROL = /[\u0000-\u001f\u007f-\u009f]+/g

export const isCode = (text: unknown): text is ErrorCode => typeof text === 'string' && Object.hasOwn(CODES, text)

/** What may cross the wire of an error: a code and its message without file paths. Anything unforeseen is INTERNAL. */
export function toWire(error: unknown): WireError {
  if (!(error instanceof MarmaladeError)) {
    return { name: 'INTERNAL', message: 'the node failed at this call; its log says why' }
  }
  return { name: error.code, message: error.message.replace(PATH, '…') }
}

/** The same for a caller on the local socket, who may know where the files of its own node lie. */
export function toLocalWire(error: unknown): WireError {
  return error instanceof MarmaladeError ? { name: error.code, message: error.message } : toWire(error)
}

/** Rebuilds what the far side sent. Its text is a stranger's: one line, bounded, without control characters. */
export function fromWire(value: unknown): MarmaladeError {
  if (value instanceof MarmaladeError) return value
  const { code, message } = partsOf(value)
  const text = (typeof message === 'string' ? message : 'no reason given').replace(CONTROL, ' ').slice(0, MESSAGE_LIMIT)
  if (isCode(code)) return new MarmaladeError(code, text)
  const unknown = typeof code === 'string' ? `${code.replace(CONTROL, ' ').slice(0, 64)}: ` : ''
  return new MarmaladeError('REMOTE_ERROR', `the other node answered: ${unknown}${text}`)
}

function partsOf(value: unknown): { code?: unknown; message?: unknown } {
  return typeof value === 'object' && value !== null ? value : { message: value }
}
