import type { AnyHandler, Context, Method } from '../types.ts'
import type { WireError } from './errors.ts'

/** A method with the function that answers it. */
export interface Registered {
  readonly path: string
  readonly method: Method
  readonly handler: AnyHandler
}
export type MethodTable = ReadonlyMap<string, Registered>

/** What the connection knows of its caller. */
export interface Reception {
  /** Lets a call in, or refuses it. @throws MarmaladeError NOT_ALLOWED, RATE_LIMITED, ARGUMENTS_INVALID, PLAYER_BLOCKED */
  admit(registered: Registered, args: unknown, signal: AbortSignal): Promise<{ args: unknown; context: Context }>
  /** Whether the most that a source may give binds this call. */
  limited(context: Context): boolean
  /** What the caller is told of an error; what it is not told is logged. */
  report(error: unknown, path: string): WireError
}
