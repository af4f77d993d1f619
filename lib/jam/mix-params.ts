/** The shared effects of a jam's mix: a reverb and an echo in time. */
export const BUS_NAMES = ['room', 'echo'] as const
export type BusName = (typeof BUS_NAMES)[number]

/** A parameter that the mix has for every generator whose own parameters have none of that name: 0 where nothing sets it. */
export const isMixParam = (name: string): boolean => name === 'gain' || name === 'pan' || isBus(name)

export const isBus = (name: string): name is BusName => name === 'room' || name === 'echo'
