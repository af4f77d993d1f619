import type { Frames } from '../base/index.ts'
import { barAt, duration, type Axis } from './axis.ts'
import { drawDifference } from './difference.ts'
import { bodyEnd, least, most, type Shape } from './layout.ts'
import { fitted, plainLine, widthOf } from './lettering.ts'
import type { Envelope } from './overview.ts'
import type { Sheet } from './sheet.ts'
import type { PicturedInstance, PicturedParam, PicturedRendition } from './types.ts'
import { drawWave, mergedEnvelope, part } from './wave.ts'
import { element, text, type Markup } from './xml.ts'

/** A lane that a shape is drawn in. */
export interface Band {
  readonly top: number
  readonly height: number
}

/** Instances of which a title tells, and parameters that are drawn of one. */
const MAX_TOLD = 8
const MAX_RAMPS = 24
/** A lane lower than this has no names in it. */
const NAMED = 18
/** And one lower than this small ones. */
const SMALL = 40

/** An instance, or several as one: body, waveform, tail, parameters, name; dashed where only the other rendition has it. */
export function drawShape(sheet: Sheet, rendition: PicturedRendition, shape: Shape, band: Band): Markup {
  const { axis, picture, who } = sheet
  const { name, hue } = who(shape.player)
  const { top, height } = band
  const wanted = new Set(shape.paths)
  const instances = rendition.instances.filter(({ path }) => wanted.has(path))
  if (instances.length === 0) return drawAbsent(sheet, shape, band)
  const from = least(instances.map((one) => one.from))
  const to = most(instances.map(bodyEnd))
  const [x, width] = [axis.x(from), Math.max(1.5, axis.x(to) - axis.x(from))]
  const late = instances.some((one) => (one.late ?? 0) > 0)
  return element(
    'g',
    { fill: hue },
    element('title', {}, text(told(axis, name, instances))),
    element('rect', { class: 'body', x, y: top, width, height, rx: 3, stroke: hue }),
    ...wave(sheet, rendition, instances, { from, to, band }),
    ...(instances.length === 1 ? instances.flatMap(({ params }) => ramps(axis, params, band, hue)) : []),
    late ? element('rect', { class: 'late', x, y: top, width: 3, height }) : undefined,
    ...drawDifference(axis, picture, shape.paths, band),
    nameIn([labelOf(shape, name, instances), name], { x, width, ...band }),
  )
}

function drawAbsent({ axis, picture, who }: Sheet, shape: Shape, band: Band): Markup {
  const { name, hue } = who(shape.player)
  const [x, width] = [axis.x(shape.from), Math.max(1.5, axis.x(shape.to) - axis.x(shape.from))]
  const { top, height } = band
  return element(
    'g',
    { fill: hue },
    element('title', {}, text(`not heard here: ${name}'s ${instanceOf(shape.paths[0])}`)),
    element('rect', { class: 'gone', x, y: top + 1, width, height: height - 2, rx: 3, stroke: hue }),
    ...drawDifference(axis, picture, shape.paths, band),
    nameIn([labelOf(shape, name, []), name], { x, width, ...band }),
  )
}

interface Span {
  readonly from: Frames
  readonly to: Frames
  readonly band: Band
}

/** The waveform of the body, and paler that of what rings after it. */
function wave(
  { axis, full, column }: Sheet,
  { overview }: PicturedRendition,
  instances: readonly PicturedInstance[],
  { to, band }: Span,
): Markup[] {
  const envelopes = instances.flatMap(({ path }): Envelope[] => {
    const envelope = overview.envelope(path, column)
    return envelope ? [envelope] : []
  })
  const all = mergedEnvelope(envelopes)
  if (!all) return []
  const end = Math.ceil(to / column)
  const place = {
    axis,
    width: column,
    middle: band.top + band.height / 2,
    half: band.height / 2 - 1,
    full,
  }
  const [body, tail] = [part(all, -Infinity, end), part(all, end, Infinity)]
  return [
    ...(body ? drawWave(body, place, { peak: 'peak', rms: 'rms' }) : []),
    ...(tail ? drawWave(tail, place, { peak: 'tail' }) : []),
  ]
}

/** Parameters that move, up or down, and those that are set at once. */
function ramps(axis: Axis, params: readonly PicturedParam[], { top, height }: Band, hue: string): Markup[] {
  return params.slice(0, MAX_RAMPS).map(({ frame, over, name, before = -Infinity, value }) => {
    const [x, end, low] = [axis.x(frame), axis.x(frame + over), top + height - 2]
    const up = value >= before
    const d =
      over > 0
        ? `M${x.toFixed(1)} ${up ? low : low - 8}L${end.toFixed(1)} ${up ? low - 8 : low}`
        : `M${x.toFixed(1)} ${low}v-8`
    const said = `bar ${barAt(axis, frame)}: ${plainLine(name)} ${value}${over > 0 ? ` over ${duration(over)}` : ''}`
    return element('path', { class: 'ramp', stroke: hue, d }, element('title', {}, text(said)))
  })
}

const instanceOf = (path = ''): string => plainLine(path.split('/')[2] ?? path, 64)

function labelOf({ paths, track }: Shape, name: string, instances: readonly PicturedInstance[]): string {
  if (instances.length > 1) return `${name}, ${instances.length} instances`
  const instance = instanceOf(instances[0]?.path ?? paths[0])
  return instance === track ? name : `${name} · ${instance}`
}

/** The first of these names that fits whole, else what fits of the last, at the upper left; none where there is no room. */
function nameIn(
  labels: readonly string[],
  { x, width, top, height }: Band & { readonly x: number; readonly width: number },
): Markup | undefined {
  if (height < NAMED) return undefined
  const size = height < SMALL ? 10 : 11
  const room = width - 9
  const label = labels.find((one) => widthOf(one, size) <= room) ?? fitted(labels.at(-1) ?? '', size, room)
  const place = { x: x + 5, y: top + size + (height < SMALL ? 0 : 3), style: `font-size:${size}px` }
  return label === '' ? undefined : element('text', { class: 'who', ...place }, text(label))
}

/** Everything that is known of instances, a line for each. */
function told(axis: Axis, name: string, instances: readonly PicturedInstance[]): string {
  const lines = instances.slice(0, MAX_TOLD).map((one) => {
    const [, generator = ''] = one.path.split('/')
    const rings =
      one.stopped && one.stopped.frame < one.to ? `, then rings for ${duration(one.to - one.stopped.frame)}` : ''
    return [
      `${name}: ${instanceOf(one.path)} (${plainLine(generator, 64)})`,
      `bars ${barAt(axis, one.from)} to ${barAt(axis, bodyEnd(one) - 1)}, ${duration(bodyEnd(one) - one.from)}${rings}`,
      `frames ${one.from} to ${one.to}`,
      ...(one.late === undefined ? [] : [`${duration(one.late)} late`]),
      ...(one.stopped ? [`ended: ${plainLine(one.stopped.reason, 64)}`] : []),
    ].join('; ')
  })
  const more = instances.length - lines.length
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n')
}
