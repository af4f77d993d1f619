import type { WatchedInstance } from '../../plugins/watch/index.ts'
import { columnsOf, fitTo, styled, type Line, type Span } from '../terminal/index.ts'
import { figure, lookOf, shareOf } from './meter.ts'
import { PLAIN, type Model, type Setting } from './model.ts'
import { targetOf, type Pick, type Scope, type Target } from './pick.ts'

/** Decibels at the ends of a fader. */
const MOST = 6
const LEAST = -42
const NARROWEST = 4
const WIDEST = 9
/** The mix, and the scale before it. */
const MIX = 8
const SCALE = 4

interface Strip {
  readonly target: Target | undefined
  readonly label: string
  readonly track: string
  readonly level: readonly [number, number]
  readonly setting: Setting
  readonly silent: boolean
  readonly chosen: boolean
}

/** Faders with meters, of instances, tracks or players, as the scope says; the mix at the right. */
export function faderRows(model: Model, pick: Pick, columns: number, rows: number): Line[] {
  const all = stripsOf(model, pick)
  const room = columns - SCALE - MIX
  const width = Math.max(NARROWEST, Math.min(WIDEST, Math.floor(room / Math.max(1, all.length))))
  const fit = Math.max(1, Math.floor(room / width))
  const chosen = all.findIndex((strip) => strip.chosen)
  const first = Math.max(0, Math.min(chosen - Math.floor(fit / 2), all.length - fit))
  const strips = all.slice(first, first + fit)
  const { levels } = model
  const mix: Strip = {
    target: undefined,
    label: 'mix',
    track: '',
    level: levels?.master ?? [0, 0],
    setting: PLAIN,
    silent: false,
    chosen: false,
  }
  const height = Math.max(3, rows - 5)
  const hidden = all.length - strips.length
  const heading: Line = [
    styled(` ${pick.scope}s `, 'cyan'),
    styled(hidden > 0 ? `${first} more to the left, ${hidden - first} to the right  ` : '', 'yellow'),
    styled('tab: instances, tracks, players', 'gray'),
  ]
  const line = (of: (strip: Strip) => Span): Line => [
    ' '.repeat(SCALE),
    ...strips.map(of),
    ' '.repeat(Math.max(0, room - strips.length * width)),
    '  ',
  ]
  return [
    heading,
    ...Array.from({ length: height }, (_, at) => faderRow(strips, mix, { at, height, width, room })),
    line(({ setting: { gain } }) =>
      styled(fitTo(`${gain > 0 ? '+' : ''}${Math.round(gain * 10) / 10}`, width), 'gray'),
    ),
    line(({ setting: { mute, solo } }) =>
      styled(fitTo(`${mute ? 'M' : ''}${solo ? 'S' : ''}`, width), 'bold', mute ? 'red' : 'yellow'),
    ),
    [...line((strip) => label(strip, width)), styled('mix', 'bold')],
    [...line(({ track }) => styled(`${fitTo(track, width - 1)} `, 'gray')), styled(figure(mix.level[0]), 'gray')],
  ]
}

const label = ({ label: text, chosen, silent }: Strip, width: number): Span =>
  styled(
    `${fitTo(shortened(text, width - 1), width - 1)} `,
    ...(chosen ? (['bold', 'inverse'] as const) : silent ? (['gray'] as const) : []),
  )

/** `drums-12` as `dr12` where there is no more room: numbers tell instances of one generator apart. */
function shortened(name: string, columns: number): string {
  const number = /-(\d+)$/.exec(name)?.[1]
  if (number === undefined || columnsOf(name) <= columns || number.length >= columns) return name
  return name.slice(0, columns - number.length) + number
}

interface At {
  /** Counted from the top. */
  readonly at: number
  readonly height: number
  readonly width: number
  readonly room: number
}

function faderRow(strips: readonly Strip[], mix: Strip, { at, height, width, room }: At): Line {
  // Counted from the bottom.
  const cell = height - 1 - at
  const decibels = Math.round(LEAST + ((MOST - LEAST) * cell) / (height - 1))
  const scale = at % 3 === 0 || at === height - 1 ? `${decibels > 0 ? '+' : ''}${decibels}` : ''
  const parts = strips.flatMap((strip): Span[] => {
    const knob = Math.round(((clampGain(strip.setting.gain) - LEAST) / (MOST - LEAST)) * (height - 1))
    const on = knob === cell
    const look = strip.chosen ? (['bold', 'cyan'] as const) : on ? (['bold'] as const) : (['gray'] as const)
    return [styled(on ? '╋' : '│', ...look), column(strip, cell, height), styled(' '.repeat(width - 2), 'gray')]
  })
  const rest = ' '.repeat(Math.max(0, room - strips.length * width))
  return [
    styled(fitTo(scale, SCALE - 1, 'right'), 'gray'),
    ' ',
    ...parts,
    rest,
    '  ',
    column(mix, cell, height),
    column(mix, cell, height),
  ]
}

const clampGain = (gain: number): number => Math.max(LEAST, Math.min(MOST, gain))

/** A cell of a meter that stands: eighths of it up to the RMS, a line at the peak. */
function column({ level: [peak, rms], silent }: Strip, cell: number, height: number): Span {
  const eighths = Math.max(0, Math.min(8, Math.round((shareOf(rms) * height - cell) * 8)))
  const look = silent ? 'gray' : lookOf(cell, height)
  if (eighths > 0) return styled(' ▁▂▃▄▅▆▇█'[eighths] ?? ' ', look)
  const top = Math.min(height - 1, Math.floor(shareOf(peak) * height))
  return top === cell && shareOf(peak) > 0 ? styled('─', look) : styled('·', 'gray')
}

function stripsOf(model: Model, pick: Pick): Strip[] {
  const { scope } = pick
  const meant = pick.target(model)?.name
  const seen = new Map<string, Strip>()
  for (const [at, instance] of model.instances.entries()) {
    const target = targetOf(instance, scope)
    if (!target || instance.state !== 'sounds') continue
    const known = seen.get(target.name)
    const level = levelOf(model, instance, at, scope)
    if (known) {
      if (scope === 'player') seen.set(target.name, { ...known, level: louder(known.level, level) })
      continue
    }
    const label = scope === 'track' ? (instance.track ?? '') : scope === 'player' ? instance.shown : instance.name
    seen.set(target.name, {
      target,
      label,
      track: scope === 'instance' ? (instance.track ?? '') : '',
      level,
      setting: model.setting(target.name),
      silent: model.isSilent(instance),
      chosen: target.name === meant,
    })
  }
  return [...seen.values()]
}

function levelOf(model: Model, { track }: WatchedInstance, at: number, scope: Scope): readonly [number, number] {
  const own = model.levels?.instances[at] ?? [0, 0]
  if (scope !== 'track') return own
  return model.levels?.tracks.find((row) => row.track === track)?.level ?? own
}

/** Of a player's instances the loudest stands for all. */
const louder = (a: readonly [number, number], b: readonly [number, number]): readonly [number, number] => [
  Math.max(a[0], b[0]),
  Math.max(a[1], b[1]),
]
