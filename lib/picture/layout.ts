import type { Frames } from '../base/index.ts'
import type { PicturedInstance, PicturedRendition } from './types.ts'

/** Shapes and lanes of one rendition at most: beyond them instances are drawn as one, so that a picture stays small. */
export const MAX_SHAPES = 320
export const MAX_LANES = 48
/** Tracks that keep a row when even players' whole tracks are too many. */
const MAX_TRACKS = 40
/** The row of all others. */
const OTHERS = 'others'

/** An instance in all renditions, or several that are drawn as one. */
export interface Shape {
  readonly paths: readonly string[]
  readonly track: string
  /** Undefined where it is of several. */
  readonly player: string | undefined
  /** Until it is stopped in each: its tail may lie under another. */
  readonly from: Frames
  readonly to: Frames
}

/** Shapes of one track, in lanes that none of them shares at any time. */
export interface Row {
  readonly track: string
  readonly lanes: readonly (readonly Shape[])[]
}

/**
 * Rows of tracks by when they first sound. Both renditions have the same rows, so that one lies above the other.
 * @param gap frames that are hardly seen
 */
export function rowsOf(renditions: readonly PicturedRendition[], gap: Frames): readonly Row[] {
  const shapes = shapesOf(renditions)
  const ways = [
    shapes,
    near(shapes, gap),
    near(shapes, 8 * gap),
    near(shapes, 64 * gap),
    near(shapes, Infinity),
    others(near(shapes, Infinity)),
  ]
  const rows = ways.map(packed)
  return rows.find(fits) ?? rows.at(-1) ?? []
}

const fits = (rows: readonly Row[]): boolean => {
  const lanes = rows.flatMap((row) => row.lanes)
  return lanes.length <= MAX_LANES && lanes.flat().length <= MAX_SHAPES
}

/** What instances of one path come to, by first frame. */
function shapesOf(renditions: readonly PicturedRendition[]): readonly Shape[] {
  const shapes = new Map<string, Shape>()
  for (const { overview, instances } of renditions) {
    for (const instance of instances) {
      const { path } = instance
      const [player = '', generator = ''] = path.split('/')
      const track = overview.track(path) ?? generator
      const one = { paths: [path], track, player, from: instance.from, to: bodyEnd(instance) }
      const before = shapes.get(path)
      shapes.set(path, before ? { ...together(before, one), paths: [path] } : one)
    }
  }
  return [...shapes.values()].sort((a, b) => a.from - b.from || ((a.paths[0] ?? '') < (b.paths[0] ?? '') ? -1 : 1))
}

export const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity)
export const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), -Infinity)

/** Where an instance goes on by itself no more. */
export const bodyEnd = ({ to, stopped }: PicturedInstance): Frames => Math.min(to, stopped?.frame ?? to)

const together = (a: Shape, b: Shape): Shape => ({
  paths: [...a.paths, ...b.paths],
  track: a.track,
  player: a.player === b.player ? a.player : undefined,
  from: Math.min(a.from, b.from),
  to: Math.max(a.to, b.to),
})

/** Shapes of one player on one track that follow each other within so many frames are one. */
function near(shapes: readonly Shape[], gap: Frames): readonly Shape[] {
  const done: Shape[] = []
  const open = new Map<string, number>()
  for (const shape of shapes) {
    const key = `${shape.track} ${shape.player ?? ''}`
    const at = open.get(key)
    const before = at === undefined ? undefined : done[at]
    if (at !== undefined && before && shape.from <= before.to + gap) done[at] = together(before, shape)
    else open.set(key, done.push(shape) - 1)
  }
  return done
}

/** All but the first tracks as one. */
function others(shapes: readonly Shape[]): readonly Shape[] {
  const tracks = [...new Set(shapes.map(({ track }) => track))].slice(0, MAX_TRACKS - 1)
  const kept = perTrack(shapes.filter(({ track }) => tracks.includes(track)))
  const rest = shapes.filter(({ track }) => !tracks.includes(track)).map((shape) => ({ ...shape, track: OTHERS }))
  return [...kept, ...perTrack(rest)]
}

/** Everything of a track as one, whoever plays it. */
function perTrack(shapes: readonly Shape[]): readonly Shape[] {
  const byTrack = new Map<string, Shape>()
  for (const shape of shapes) {
    const before = byTrack.get(shape.track)
    byTrack.set(shape.track, before ? together(before, shape) : shape)
  }
  return [...byTrack.values()]
}

/** Tracks in the order of their first shapes; each shape in the first lane that is free. */
function packed(shapes: readonly Shape[]): readonly Row[] {
  const rows = new Map<string, Shape[][]>()
  for (const shape of shapes) {
    let lanes = rows.get(shape.track)
    if (!lanes) rows.set(shape.track, (lanes = []))
    const free = lanes.find((lane) => (lane.at(-1)?.to ?? -Infinity) <= shape.from)
    if (free) free.push(shape)
    else lanes.push([shape])
  }
  return [...rows].map(([track, lanes]) => ({ track, lanes }))
}
