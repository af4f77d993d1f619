import { gainWords } from '../cli/mix-words.ts'
import { cutLine, fitTo, lineColumns, styled, type Line, type Span } from '../terminal/index.ts'
import { figure, meter } from './meter.ts'
import type { Model } from './model.ts'

/** Pulses that have a lamp each. */
const MAX_LAMPS = 16

/** The first rows of every view: which jam, where it is, how it sounds; and a line under them. */
export function header(model: Model, columns: number): Line[] {
  const rule = [styled('─'.repeat(columns), 'gray')]
  return [jamLine(model, columns), soundLine(model, columns), rule]
}

function jamLine(model: Model, columns: number): Line {
  const { jam } = model
  if (!jam) return [styled(' no jam: ', 'bold'), '`jam start NAME` or `jam join` in another terminal']
  const place = model.place()
  const left: Line = [styled(` ${jam.name} `, 'bold', 'inverse'), ` by ${jam.shown}`, ...gap(clockOf(model))]
  const context = jam.context === undefined ? [] : [styled(jam.context, 'bold', 'magenta'), '  ']
  const where: Line = place
    ? [
        ...lamps(place.pulse, place.pulses),
        '  ',
        styled(`bar ${place.bar}.${Math.floor(place.pulse)}`.padEnd(9), 'bold'),
      ]
    : []
  const end: Line = jam.ended ? [styled('over ', 'bold', 'red')] : where
  const right: Line = [...context, `${jam.tempo} BPM ${jam.meter}  `, ...end]
  return spread(left, right, columns)
}

const gap = (line: Line): Line => (line.length === 0 ? [] : ['  ', ...line])

/** Whose time it is, where it is not one's own. */
function clockOf({ jam }: Model): Line {
  if (!jam || jam.clock.from === 'self') return []
  if (jam.clock.from === 'claim') return [styled('time not measured', 'yellow')]
  const { shown = '', error = 0 } = jam.clock
  return [styled(`time from ${shown} ±${error} ms`, 'gray')]
}

function lamps(pulse: number, pulses: number): Span[] {
  const now = Math.floor(pulse) - 1
  if (pulses > MAX_LAMPS) return []
  return Array.from({ length: pulses }, (_, at) =>
    at === now ? styled('■ ', 'bold', at === 0 ? 'red' : 'green') : styled('· ', 'gray'),
  )
}

function soundLine(model: Model, columns: number): Line {
  const { sound, levels } = model
  if (!sound) return []
  const state: Line =
    sound.state === 'playing'
      ? [styled(sound.sink, 'gray')]
      : [styled(sound.state, 'bold', 'yellow'), ...(sound.why === undefined ? [] : [` ${sound.why}`])]
  const troubles: Line = [
    ...trouble(sound.underruns, 'underruns'),
    ...(sound.skipped > 0 ? trouble(sound.skipped, 's skipped') : []),
    ...(sound.fetching > 0 ? [styled(`${sound.fetching} fetching  `, 'yellow')] : []),
  ]
  if (!levels) return spread([' ', ...state], troubles, columns)
  const loud = [
    ...(levels.momentary === undefined ? [] : [`${levels.momentary.toFixed(1)} LUFS`]),
    ...(levels.integrated === undefined || columns < 100 ? [] : [`${levels.integrated.toFixed(1)} in all`]),
    ...(levels.reduction > 0.05 ? [`limiter ${gainWords(-levels.reduction)}`] : []),
  ]
  const left: Line = [
    styled(' mix ', 'bold'),
    ...meter(levels.master, Math.max(8, Math.floor(columns / 5)), false),
    fitTo(figure(levels.master[0]), 6, 'right'),
    ' dB  ',
    loud.join('  '),
  ]
  return spread(left, [...troubles, ...state, ' '], columns)
}

const trouble = (count: number, what: string): Line =>
  count > 0 ? [styled(`${count} ${what}  `, 'bold', 'red')] : [styled(`0 ${what}  `, 'gray')]

/** One line at the left, one at the right end, the left one giving way. */
export function spread(left: Line, right: Line, columns: number): Line {
  const room = Math.max(0, columns - lineColumns(right))
  const cut = cutLine(left, room)
  return [...cut, ' '.repeat(room - lineColumns(cut)), ...right]
}
