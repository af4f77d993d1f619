import type { WatchedInstance } from '../../plugins/watch/index.ts'
import { fitTo, styled, type Line } from '../terminal/index.ts'
import { figure, meter } from './meter.ts'
import type { Model } from './model.ts'
import type { Pick } from './pick.ts'

/** Columns of a track where there is little room and where there is more, of a level and of what is set. */
const TRACK = 6
const WIDE_TRACK = 12
/** So many columns are more room. */
const WIDE = 72
const LEVEL = 6
const SET = 8
const SILENT: readonly [number, number] = [0, 0]

/** So many rows of instances by track, the chosen one among them; and what there is no room for. */
export function instanceRows(model: Model, pick: Pick, columns: number, rows: number): Line[] {
  const { instances } = model
  if (instances.length === 0) {
    const after = model.jam?.ended ? 'replay makes it sound again' : 'p plays a generator of yours'
    return [[styled(model.jam?.ended ? ' the jam is over: ' : ' nothing plays: ', 'gray'), after]]
  }
  const room = instances.length > rows ? rows - 1 : rows
  const first = Math.max(0, Math.min(pick.index(model) - Math.floor(room / 2), instances.length - room))
  const shown = instances.slice(first, first + room)
  const lines = shown.map((instance, at) => row(model, pick, instance, at === 0 ? undefined : shown[at - 1], columns))
  if (shown.length === instances.length) return lines
  const after = instances.length - first - shown.length
  const words = [...(first > 0 ? [`${first} above`] : []), ...(after > 0 ? [`${after} below`] : [])]
  return [...lines, [styled(` ${words.join(', ')}`, 'yellow')]]
}

function row(
  model: Model,
  pick: Pick,
  instance: WatchedInstance,
  before: WatchedInstance | undefined,
  columns: number,
): Line {
  const chosen = pick.instance(model)?.path === instance.path
  const meant = pick.holds(model, instance)
  const silent = model.isSilent(instance)
  const track = columns < WIDE ? TRACK : WIDE_TRACK
  const rest = columns - 1 - track - 1 - LEVEL - SET - 1
  const name = Math.min(24, Math.max(8, Math.floor(rest * 0.5)))
  const bar = Math.max(4, rest - name)
  const isNew = before?.track !== instance.track || before?.state !== instance.state
  const label = fitTo(instance.own ? instance.name : `${instance.shown}:${instance.name}`, name)
  const head: Line = [
    chosen ? styled('▌', 'bold', 'cyan') : meant ? styled('▌', 'cyan') : ' ',
    styled(fitTo(isNew ? (instance.track ?? '') : '', track), 'gray'),
    ' ',
    chosen
      ? styled(label, 'bold', 'inverse')
      : styled(label, ...(silent ? (['gray'] as const) : instance.own ? (['bold'] as const) : [])),
    ' ',
  ]
  if (instance.state !== 'sounds') {
    const words = instance.state === 'fetching' ? 'is fetched' : `from bar ${instance.from ?? '?'}`
    return [...head, styled(fitTo(words, bar + LEVEL + SET), 'yellow')]
  }
  const level = model.levels?.instances[model.instances.indexOf(instance)] ?? SILENT
  return [...head, ...meter(level, bar, silent), fitTo(figure(level[0]), LEVEL, 'right'), ...settings(model, instance)]
}

/** What stands above the rows, at their right end. */
export const ROW_HEADING = fitTo('peak', LEVEL, 'right') + fitTo('gain', SET, 'right')

/** `M S +3.0`, or before which bar it stops. */
function settings(model: Model, instance: WatchedInstance): Line {
  const { gain, mute, solo } = model.setting(instance.path)
  const last =
    instance.until !== undefined
      ? styled(fitTo(`>${instance.until}`, 5, 'right'), 'yellow')
      : fitTo(gain === 0 ? '' : `${gain > 0 ? '+' : ''}${gain.toFixed(1)}`, 5, 'right')
  return [' ', mute ? styled('M', 'bold', 'red') : ' ', solo ? styled('S', 'bold', 'yellow') : ' ', last]
}
