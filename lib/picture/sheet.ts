import type { Frames } from '../base/index.ts'
import type { Axis } from './axis.ts'
import type { Row } from './layout.ts'
import { plainLine } from './lettering.ts'
import { hueOf } from './palette.ts'
import type { Picture, PicturedPlayer } from './types.ts'

/** A name for people, and its hue. */
export interface Who {
  readonly name: string
  readonly hue: string
}

/** What all parts of a picture have in common. */
export interface Sheet {
  readonly picture: Picture
  readonly axis: Axis
  readonly rows: readonly Row[]
  /** Height of a lane. */
  readonly lane: number
  /** Frames of a column of every waveform: the widest of all renditions. */
  readonly column: Frames
  /** The level that goes from the middle of a lane to its edge. */
  readonly full: number
  /** Whom a ref stands for; nobody in particular where it is undefined. */
  readonly who: (ref: string | undefined) => Who
}

/** Letters of a player's name at most. */
const NAME = 32

/** Players by their refs. Two of one name, and those without one, go by their short ids too. */
export function whoOf(players: readonly PicturedPlayer[]): Sheet['who'] {
  const names = players.map(({ name }) => plainLine(name, NAME))
  const known = new Map<string, Who>()
  players.forEach(({ ref, short }, nth) => {
    const name = names[nth] ?? ''
    const alone = name !== '' && names.indexOf(name) === names.lastIndexOf(name)
    known.set(ref, { name: alone ? name : `${name} ${plainLine(short, NAME)}`.trim(), hue: hueOf(nth) })
  })
  const several: Who = { name: 'several players', hue: hueOf(-1) }
  return (ref) => (ref === undefined ? several : (known.get(ref) ?? { name: plainLine(ref, 8), hue: hueOf(-1) }))
}
