import { styled, type Line } from '../terminal/index.ts'

/** Keys that the last line names: the last two always. */
export const HINTS: readonly (readonly [string, string])[] = [
  ['m', 'mute'],
  ['s', 'solo'],
  ['+-', 'gain'],
  ['p', 'play'],
  ['x', 'stop'],
  ['t', 'say'],
  ['c', 'context'],
  ['f', 'faders'],
  ['1-9', 'scene'],
  ['?', 'help'],
  ['q', 'quit'],
]

const HELP: readonly (readonly [string, string])[] = [
  ['up down', 'choose an instance (left right with faders)'],
  ['tab', 'mean the instance, all of its track, or all of its player'],
  ['m  s', 'mute it, solo it, in your own mix; again undoes it'],
  ['+  -', 'its gain by 1 dB, in your own mix (up down with faders)'],
  ['<  >', 'its place from left to right'],
  ['0', 'all of that as if nothing were set'],
  ['p', 'play a generator of yours: drums, drums as d2 on 4bars level=0.5'],
  ['x', 'stop the chosen instance of yours on the next bar'],
  ['t', 'say something to everybody'],
  ['c', 'set the context on the next bar'],
  ['f', 'faders, and back'],
  ['1 - 9', 'recall a scene of yours (mix scenes lists them)'],
  ['S', 'save your mix as a scene'],
  ['?', 'this, and back'],
  ['q', 'quit; control-Z puts it to sleep'],
]

export function helpRows(columns: number, rows: number): Line[] {
  const lines = HELP.map(([keys, what]): Line => [' ', styled(keys.padEnd(9), 'bold'), what])
  const marks: Line = [
    styled(' M', 'bold', 'red'),
    ' muted  ',
    styled('S', 'bold', 'yellow'),
    ' solo  ',
    styled('>24', 'yellow'),
    ' stops at bar 24  ',
    styled('████', 'green'),
    ' RMS ',
    styled('▒▒', 'yellow'),
    ' peak, from -48 dBFS',
  ]
  const all: Line[] = [[styled(' KEYS', 'cyan')], ...lines, marks]
  if (all.length <= rows) return all
  return [...all.slice(0, rows - 1), [styled(` ${all.length - rows + 1} more on a higher screen`, 'yellow')]]
}
