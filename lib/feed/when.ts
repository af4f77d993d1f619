import type { EntryKey, Millis } from '../base/index.ts'

/** Before anything is healed: time for the other copies of the key to be heard of. */
export const HEAL_LEAST: Millis = 500
/** The random wait is up to so long, times the square of the copies of the key that are known, of which so many count. */
export const HEAL_SPREAD: Millis = 1_500
const MAX_COPIES = 6
/** Branches that go on coming delay healing by so much at most. */
export const HEAL_PATIENCE: Millis = 60_000
/** Healing again soon takes twice as long each time, up to so many doublings, until there was peace for so long. */
const MAX_DOUBLINGS = 6
const PEACE: Millis = 300_000

/** What is known of when to heal. Never changed in place. */
export interface HealWatch {
  /** Losing heads seen last, sorted. */
  readonly lost: readonly EntryKey[]
  readonly since?: Millis
  readonly due?: Millis
  /** Times healed without peace in between, and when last. */
  readonly healed: number
  readonly healedAt?: Millis
}
export const HEAL_NOTHING: HealWatch = { lost: [], healed: 0 }

export interface HealLook {
  /** Monotonic. */
  readonly now: Millis
  /** Losing heads of one's own identity that are kept now. */
  readonly lost: readonly EntryKey[]
  /** In [0, 1): no two copies of a key may draw alike. */
  readonly random: () => number
  /** So many losing heads are not waited with: there is no room for more. */
  readonly most: number
}

/**
 * Looks at the losing heads of one's own identity. Healing is due after a random time that grows with the number of
 * copies, so that one of them heals and the others see it done; whoever finds no losing head any more forgets it.
 * @returns the state to go on with, and whether to heal now
 */
export function watchForks(
  watch: HealWatch,
  { now, lost, random, most }: HealLook,
): { watch: HealWatch; heal: boolean } {
  const healed = now - (watch.healedAt ?? -Infinity) > PEACE ? 0 : watch.healed
  if (lost.length === 0) {
    return { watch: { lost, healed, ...(watch.healedAt !== undefined && { healedAt: watch.healedAt }) }, heal: false }
  }
  const sorted = [...lost].sort()
  const since = watch.since ?? now
  const isNew = watch.due === undefined || sorted.some((key) => !watch.lost.includes(key))
  const spread = HEAL_SPREAD * Math.min(lost.length + 1, MAX_COPIES) ** 2
  const wait = (HEAL_LEAST + random() * spread) * 2 ** Math.min(healed, MAX_DOUBLINGS)
  const drawn = isNew ? Math.min(now + wait, Math.max(now, since + HEAL_PATIENCE)) : (watch.due ?? now)
  const due = lost.length >= most ? now : drawn
  if (due > now) {
    const last = watch.healedAt === undefined ? {} : { healedAt: watch.healedAt }
    return { watch: { lost: sorted, since, due, healed, ...last }, heal: false }
  }
  return { watch: { lost: [], healed: healed + 1, healedAt: now }, heal: true }
}
