import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readPlan } from '../listen/plan.ts'
import type { Archive } from '../kit/archives.ts'
import type { Act, Tune } from '../replay/record.ts'
import { assembled, moduleArchive } from '../voices/generators.ts'

/** Who plays notes, beside this file. */
const CALLER = 'caller'
/** Who sings them. */
export const SINGER = 'singer'

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
 * First-light in half the bars: with notes that one instance plays for two others, sends to room and echo that move, gains, pans and a
 * change of tempo in a section that tags lead; and, where asked for, with many points of the bass's parameters, at odd places of blocks.
 */
export async function sendsPlan(points: 'with points' | 'without points'): Promise<Tune> {
  const tune = readPlan()
  const half = (bar: number): number => Math.ceil(bar / 2)
  const actions = tune.actions.map((action): Act => {
    const bar = half(action.bar)
    return action.do === 'play' ? { ...action, bar, params: SENDS[action.generator] ?? {} } : { ...action, bar }
  })
  const moves: readonly Act[] = [
    { bar: 2, player: 'ada', do: 'play', generator: CALLER, says: 'calls' },
    { bar: 2, player: 'ben', do: 'play', generator: SINGER, says: 'sings', params: { gain: -6, room: 0.4 } },
    { bar: 4, player: 'ben', do: 'play', generator: SINGER, as: 'second', says: 'sings too', params: { pan: -1 } },
    { bar: 9.3, player: 'ben', do: 'param', generator: 'arp', name: 'room', value: 0.9, over: 2 },
    { bar: 10.71, player: 'ada', do: 'param', generator: 'chords', name: 'gain', value: -6, over: 1 },
    { bar: 12, player: 'ada', do: 'tempo', tempo: 131.5 },
    { bar: 13.17, player: 'ada', do: 'param', generator: 'drums', name: 'pan', value: 1, over: 1 },
  ]
  const changes = Array.from({ length: points === 'with points' ? 120 : 0 }, (_, i): Act => {
    const [name, value] = i % 2 === 0 ? ['cutoff', 100 + 7 * i] : ['gain', -(i % 9)]
    return { bar: 6 + i * 0.0719, player: 'ben', do: 'param', generator: ALONE, name, value, over: (i % 3) / 4 }
  })
  const own = new Map<string, Archive>()
  for (const name of [CALLER, SINGER]) {
    const text = readFileSync(join(import.meta.dirname, `${name}.wat`), 'utf8')
    own.set(name, moduleArchive(name, await assembled(text)))
  }
  const { ada, ben } = tune.players
  if (!ada || !ben) throw new Error('first-light has lost a player')
  const players = {
    ada: { ...ada, generators: [...ada.generators, CALLER] },
    ben: { ...ben, generators: [...ben.generators, SINGER] },
  }
  return { ...tune, own, players, name: 'sends', bars: half(tune.bars), actions: [...actions, ...moves, ...changes] }
}
