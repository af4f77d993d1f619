import { basename } from 'node:path'
import { refOf, SAMPLE_RATE, type Frames, type Micros, type PlayerId } from '../../lib/base/index.ts'
import type { Compared, Replayed, ReplayInit, TakeOnDisk } from '../../lib/engine/index.ts'
import { instanceKey, isMixParam, pathOf, type Score } from '../../lib/jam/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import {
  drawPicture,
  duration,
  Overview,
  type PicturedInstance,
  type PicturedParam,
  type PicturedPlayer,
  type PicturedTalk,
} from '../../lib/picture/index.ts'
import { appVersion } from '../../plugins/version.ts'
import type { JamSource } from './jam-source.ts'
import { peopleOf, type People } from './people.ts'
import { writeTextFile } from './text-file.ts'

type Watching = Required<Pick<ReplayInit, 'onStems' | 'onReport' | 'onSamples'>>

/** A render, and what was seen of it while it was made. */
export interface Seen {
  readonly replayed: Replayed
  readonly overview: Overview
  readonly take?: TakeOnDisk | undefined
  /** What it is beside another: `score`, or the file of a take. */
  readonly what?: string
}

interface Drawing {
  readonly source: Pick<JamSource, 'jam' | 'feed'>
  readonly score: Score
  /** One, or two. */
  readonly seen: readonly Seen[]
  readonly differences?: Compared['differences']
}

/** What has a render seen by an overview as it is made. */
export const watchedBy = (overview: Overview): Watching => ({
  onStems: (stems, at) => overview.stems(stems, at),
  onReport: ({ changes }) => overview.changes(changes),
  onSamples: async (samples, at) => overview.mix(samples, at),
})

/** Writes what was seen as an SVG. @throws FILE_UNWRITABLE */
export async function writePicture(file: string, drawing: Drawing): Promise<void> {
  await writeTextFile(file, pictureOf(drawing, await peopleOf(drawing.source, drawing.score)))
}

/** The SVG of what was seen: the same bytes for the same entries. */
export function pictureOf({ score, seen, differences = [] }: Omit<Drawing, 'source'>, people: People): string {
  const params = paramsOf(score)
  const spans = seen.map(({ replayed }) => ({
    from: replayed.firstFrame,
    to: replayed.firstFrame + replayed.frames,
  }))
  const from = Math.min(...spans.map((span) => span.from))
  const to = Math.max(...spans.map((span) => span.to))
  const players = playersOf(score, people, seen)
  return drawPicture({
    title: score.title ?? score.name,
    facts: factsOf(score, seen, { from, to, players }),
    players,
    grid: score.grid,
    talk: talkOf(score, people),
    renditions: seen.map(({ replayed, overview, take, what }, nth) => ({
      ...(spans[nth] ?? { from, to }),
      ...(what !== undefined && { title: `${nth === 0 ? 'A' : 'B'}: ${titleOf(what, take, players)}` }),
      overview,
      instances: replayed.sounds.map((sound): PicturedInstance => {
        const { path, from, to, stopped, late } = sound
        const marks = { ...(stopped && { stopped }), ...(late !== undefined && { late }) }
        return { path, from, to, ...marks, params: params.get(path) ?? [] }
      }),
    })),
    differences: differences.map(({ path, differing }) => ({ path, bars: differing })),
    reasons: differences.flatMap(({ path, reasons }) =>
      reasons.map(({ side, frame, text }) => {
        const where = frame === undefined ? '' : ` at bar ${score.grid.barOfFrame(frame) + 1}`
        return `${instanceOf(path, players)}: in ${side.toUpperCase()}${where} ${text}`
      }),
    ),
    credits: creditLines(score, seen, players),
  })
}

/** Parameters that were set of each instance, by path, in score order. */
function paramsOf({ plays, params, grid }: Score): ReadonlyMap<string, readonly PicturedParam[]> {
  const found = new Map<string, PicturedParam[]>()
  const known = new Map(
    plays.map((play) => {
      const set: PicturedParam[] = []
      found.set(pathOf(play), set)
      return [instanceKey(play.identity, play.payload.instance), { play, set }]
    }),
  )
  for (const { identity, payload } of params) {
    const instance = known.get(instanceKey(identity, payload.instance))
    if (!instance) continue
    const { at, over = 0, name, value } = payload
    const frame = grid.frameOfTick(at)
    const last = instance.set.findLast((one) => one.name === name)
    const before = last?.value ?? instance.play.payload.params?.[name] ?? (isMixParam(name) ? 0 : undefined)
    instance.set.push({ frame, over: grid.frameOfTick(at + over) - frame, name, before, value })
  }
  return found
}

/** `ben: bass`; one of the buses, and the mix, by its own name. */
function instanceOf(path: string, players: readonly PicturedPlayer[]): string {
  const [ref, , instance] = path.split('/')
  if (instance === undefined) return path
  const player = players.find((one) => one.ref === ref)
  return `${player?.name === '' ? player.short : (player?.name ?? '')}: ${instance}`
}

/** The starter first, then whoever is heard, as they come in, then whoever is not. */
function playersOf(score: Score, { names }: People, seen: readonly Seen[]): readonly PicturedPlayer[] {
  const refs = new Map([...score.players].sort().map((player) => [refOf(player) as string, player]))
  const heard = seen.flatMap(({ replayed }) => replayed.sounds).map(({ path }) => refs.get(path.split('/')[0] ?? ''))
  const all = new Set<PlayerId | undefined>([score.starter, ...heard, ...refs.values()])
  return [...all]
    .filter((player) => player !== undefined)
    .map((player) => ({ ref: refOf(player), name: names.get(player) ?? '', short: shortIdOf(player) }))
}

/** What was said, at the frame that its author's clock had. */
function talkOf({ origin }: Score, { said }: People): readonly PicturedTalk[] {
  return said.map(({ player, comparable, text }) => ({
    frame: Math.round(((comparable - origin) / 1_000_000) * SAMPLE_RATE),
    player: refOf(player),
    text,
  }))
}

interface Span {
  readonly from: Frames
  readonly to: Frames
  readonly players: readonly PicturedPlayer[]
}

function factsOf(score: Score, seen: readonly Seen[], { from, to, players }: Span): readonly string[] {
  const { grid, name, title, origin } = score
  const { tempo, meter } = grid.pointAt(from)
  const [one, another] = seen
  const takeOf = another ? undefined : one?.take
  return [
    ...(title === undefined || title === name ? [] : [name]),
    `${tempo} bpm`,
    meter,
    `bars ${grid.barOfFrame(from) + 1} to ${grid.barOfFrame(Math.max(from, Math.min(to, score.end) - 1)) + 1}`,
    duration(to - from),
    dayOf(origin),
    ...(takeOf ? [heardBy(takeOf, players)] : []),
    ...(one?.replayed.rendition === 'what-if' ? ['a what-if: neither the score nor what anybody heard'] : []),
  ]
}

const dayOf = (micros: Micros): string => `${new Date(micros / 1_000).toISOString().slice(0, 16).replace('T', ' ')} UTC`

function titleOf(what: string, take: TakeOnDisk | undefined, players: readonly PicturedPlayer[]): string {
  return take ? `${heardBy(take, players)} (${basename(what)})` : 'the score'
}

function heardBy({ header }: TakeOnDisk, players: readonly PicturedPlayer[]): string {
  const name = players.find(({ ref }) => ref === refOf(header.player))?.name ?? ''
  return `as ${name === '' ? shortIdOf(header.player) : name} heard it`
}

function creditLines(
  score: Score,
  seen: readonly Seen[],
  players: readonly PicturedPlayer[],
): readonly (readonly [string, string])[] {
  const inexact = [...new Set(seen.flatMap(({ replayed }) => [...replayed.inexact, ...replayed.ambient]))].sort()
  const sideOf = (nth: number): string => (seen.length < 2 ? '' : nth === 0 ? ' A' : ' B')
  return [
    ['jam', score.jam],
    ['players', players.map(({ name, short }) => (name === '' ? short : `${name} (${short})`)).join(', ')],
    ['set', seen[0]?.replayed.scoreHash ?? ''],
    ...seen.flatMap(({ replayed, take }, nth): (readonly [string, string])[] => [
      ...(take ? [[`take${sideOf(nth)}`, take.sha256] as const] : []),
      [`samples${sideOf(nth)}`, replayed.samplesSha256],
    ]),
    ...(inexact.length === 0 ? [] : [['inexact', `${inexact.join(', ')}: not the same each time`] as const]),
    ['drawn by', `marmalade ${appVersion()} replay --svg, from signed entries alone`],
  ]
}
