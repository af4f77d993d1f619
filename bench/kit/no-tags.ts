import type { TagAccess } from '../../lib/generators/index.ts'

/** Of a jam without tags. */
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
