import { MarmaladeError } from '../../lib/base/index.ts'

/** Characters of an id that lists show: of 2^48 beginnings two are the same by accident in millions of ids at most. */
const SHOWN = 8
/** Fewer than this are too easily mistyped into those of another. */
const FEWEST = 4
const SIGN = /^[%&@]/

/** The beginning of an id as lists show it: no sign before it, so that no shell takes it for something else. */
export const shortOf = (id: string): string => id.slice(1, 1 + SHOWN)

/** Whether text may be the beginning of an id, with its sign or without. */
export const isPrefix = (text: string): boolean =>
  new RegExp(`^[A-Za-z0-9+/]{${FEWEST},43}$`).test(text.replace(SIGN, ''))

/** Whether an id begins so. */
export const begins = (text: string, id: string): boolean => id.startsWith(text.replace(SIGN, ''), 1)

interface Named<I extends string> {
  readonly id: string
  readonly meant: I
}

/**
 * The one id that begins so, undefined where none does. Names for the same thing count as one.
 * @param ids each with what it stands for
 * @throws MarmaladeError PREFIX_AMBIGUOUS
 */
export function beginning<I extends string>(text: string, ids: Iterable<Named<I>>): I | undefined {
  const found = new Set<I>()
  for (const { id, meant } of ids) if (begins(text, id)) found.add(meant)
  const [only, ...others] = found
  if (others.length === 0) return only
  const some = [...found].slice(0, 3).join(', ')
  throw new MarmaladeError(
    'PREFIX_AMBIGUOUS',
    `${text} is the beginning of ${found.size}: give more of it, of ${some}${found.size > 3 ? ', …' : ''}`,
  )
}
