import { type Action, type Plan, readPlan } from '../listen/plan.ts'

/** Bars of 4/4 that take four minutes at 112. */
const BARS = 112
/** The sections of first-light, and its drop once more; 16 bars each. */
const SECTIONS = ['intro', 'groove', 'build', 'drop', 'break', 'drop', 'out']
const SECTION_BARS = 16
/** Instances of each generator. */
const EACH = 2

/**
 * A jam of four minutes with eight instances: two of each of first-light's generators, which enter in the first two bars, and
 * follow one another's tags to the end.
 */
export function eightPlan(): Plan {
  const tune = readPlan()
  const sections = SECTIONS.map((value, i): Action => {
    return { bar: 1 + i * SECTION_BARS, player: 'ada', do: 'tag', name: 'context', value, says: value }
  })
  const plays = Object.entries(tune.players).flatMap(([player, { generators }]) =>
    generators.flatMap((generator) =>
      Array.from({ length: EACH }, (_, i): Action => {
        const as = `${generator}-${i + 1}`
        return { bar: 1 + i, player, do: 'play', generator, as, says: `${as} begins` }
      }),
    ),
  )
  const end: Action = { bar: BARS + 1, player: 'ada', do: 'end', says: 'the jam ends' }
  return { ...tune, name: 'eight', bars: BARS, phraseBars: 0, actions: [...sections, ...plays, end] }
}
