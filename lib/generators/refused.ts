import type { Refusal } from '../base/index.ts'

/** Whether a function that gives something or a refusal gave the refusal. */
export const isRefused = (given: object): given is Refusal => 'code' in given && 'message' in given
