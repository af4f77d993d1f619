import type { TagAccess } from './types.ts'

/** Tags of a jam in which there are none, for a voice that plays alone. */
export const NO_TAGS: TagAccess = {
  open: () => -1,
  get: () => NaN,
  text: () => undefined,
  points: () => 0,
  frame: () => NaN,
  value: () => NaN,
  valueAt: () => NaN,
  watch: () => undefined,
  tell: () => undefined,
  set: () => undefined,
  note: () => undefined,
  log: () => undefined,
}
