import { readPlan } from '../listen/plan.ts'
import type { Act, Tune } from './record.ts'

/** What goes to the shared effects from each generator. */
const SENDS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  chords: { room: 0.5 },
  drums: { room: 0.1, echo: 0.2, gain: -2, pan: -0.25 },
  arp: { room: 0.3, echo: 0.6, pan: 0.5 },
  bass: { gain: -1.5 },
}

/** The generator that sets no tag, so that what one does to it reaches nobody else. */
export const ALONE = 'bass'

/**
 * First-light in half the bars: with sends to room and echo that move, gains, pans and a change of tempo in a section that tags
 * lead; and, where asked for, with many points of the bass's parameters, at odd places of blocks.
 */
export function sendsPlan(points: 'with points' | 'without points'): Tune {
  const tune = readPlan()
  const half = (bar: number): number => Math.ceil(bar / 2)
  const actions = tune.actions.map((action): Act => {
    const bar = half(action.bar)
    return action.do === 'play' ? { ...action, bar, params: SENDS[action.generator] ?? {} } : { ...action, bar }
  })
  const moves: readonly Act[] = [
    { bar: 9.3, player: 'ben', do: 'param', generator: 'arp', name: 'room', value: 0.9, over: 2 },
    { bar: 10.71, player: 'ada', do: 'param', generator: 'chords', name: 'gain', value: -6, over: 1 },
    { bar: 12, player: 'ada', do: 'tempo', tempo: 131.5 },
    { bar: 13.17, player: 'ada', do: 'param', generator: 'drums', name: 'pan', value: 1, over: 1 },
  ]
  const changes = Array.from({ length: points === 'with points' ? 120 : 0 }, (_, i): Act => {
    const [name, value] = i % 2 === 0 ? ['cutoff', 100 + 7 * i] : ['gain', -(i % 9)]
    return { bar: 6 + i * 0.0719, player: 'ben', do: 'param', generator: ALONE, name, value, over: (i % 3) / 4 }
  })
  return { ...tune, name: 'sends', bars: half(tune.bars), actions: [...actions, ...moves, ...changes] }
}
