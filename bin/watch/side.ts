import type { WatchedPlayer, WatchedTag } from '../../plugins/watch/index.ts'
import { charactersOf, columnsOf, cutTo, fitTo, styled, type Line } from '../terminal/index.ts'
import type { Model } from './model.ts'

/** Players, tags and talk below each other in so many rows. */
export function sideRows(model: Model, columns: number, rows: number): Line[] {
  const players = playerRows(model, columns, Math.max(2, Math.min(model.players.length + 1, Math.floor(rows / 3))))
  const left = rows - players.length
  const tags = tagRows(model, columns, Math.max(2, Math.min(model.tags.size + 1, Math.floor(left / 2))))
  return [...players, ...tags, ...talkRows(model, columns, left - tags.length)].slice(0, rows)
}

const heading = (text: string, columns: number): Line => [styled(fitTo(text, columns), 'cyan')]

function playerRows(model: Model, columns: number, rows: number): Line[] {
  const name = columns - 19
  const head: Line = [
    styled(fitTo(`PLAYERS ${model.players.length}`, name), 'cyan'),
    styled('   delay plays tags', 'gray'),
  ]
  const shown = model.players.length + 1 > rows ? model.players.slice(0, rows - 2) : model.players
  const lines = shown.map((player): Line => {
    const { instances, tags } = model.brought(player)
    const from = model.hears.get(player.player)
    const heard = from?.state === 'from' && columns > 40 ? ` from ${from.bar ?? '?'}` : ''
    const look = player.link === 'away' || player.standing === 'gone' ? (['gray'] as const) : []
    return [
      styled(fitTo(`${player.shown}${heard}`, name), ...look),
      styled(fitTo(delayOf(player), 8, 'right'), ...(player.standing === 'asks' ? (['yellow'] as const) : look)),
      fitTo(String(instances), 6, 'right'),
      fitTo(String(tags), 5, 'right'),
    ]
  })
  const hidden = model.players.length - shown.length
  return [head, ...lines, ...(hidden > 0 ? [[styled(`${hidden} more`, 'yellow')]] : [])]
}

function delayOf({ link, standing, roundTrip }: WatchedPlayer): string {
  if (standing !== 'in') return standing
  if (link === 'self') return 'you'
  if (link === 'away') return 'away'
  return roundTrip === undefined ? 'linked' : `${roundTrip.toFixed(roundTrip < 10 ? 1 : 0)} ms`
}

function tagRows(model: Model, columns: number, rows: number): Line[] {
  const tags = shownTags(model)
  if (tags.length === 0) return [heading('TAGS', columns), [styled('none yet', 'gray')]]
  const room = rows - 1
  const hidden = tags.length - room
  const head: Line = [
    styled(fitTo(`TAGS ${tags.length}${hidden > 0 ? `, ${hidden} not shown` : ''}`, columns - 8), 'cyan'),
    styled('  by bar', 'gray'),
  ]
  return [head, ...tags.slice(0, room).map((tag) => tagRow(model, tag, columns))]
}

/** What players set, the newest first; then of each name that instances set the newest, by name, so that rows stay where they are. */
function shownTags({ tags }: Model): WatchedTag[] {
  const newest = [...tags.values()].reverse()
  const ofPlayers = newest.filter(({ path }) => path.split('/').length === 2)
  const names = new Map<string, WatchedTag>()
  for (const tag of newest) if (!ofPlayers.includes(tag) && !names.has(tag.name)) names.set(tag.name, tag)
  return [...ofPlayers, ...[...names.values()].sort((a, b) => (a.name < b.name ? -1 : 1))]
}

function tagRow(model: Model, { name, value, by, bar }: WatchedTag, columns: number): Line {
  const shown = typeof value === 'number' ? String(Math.round(value * 1_000) / 1_000) : value
  const own = model.players.find(({ link }) => link === 'self')?.shown
  const who = own !== undefined && by.startsWith(`${own}:`) ? by.slice(own.length + 1) : by
  const left = cutTo(`${name} `, Math.floor(columns / 2))
  const right = ` ${cutTo(who, Math.floor(columns / 3))}${fitTo(String(bar), 5, 'right')}`
  const room = columns - columnsOf(left) - columnsOf(right)
  return [left, styled(fitTo(shown, Math.max(0, room)), 'bold'), styled(right, 'gray')]
}

function talkRows(model: Model, columns: number, rows: number): Line[] {
  if (rows < 2) return []
  const lines = model.talk.slice(-rows).flatMap(({ by, text }): Line[] => {
    if (by === undefined) return wrapped(text, columns).map((part) => [styled(part, 'red')])
    const [first = '', ...rest] = wrapped(`${by}: ${text}`, columns)
    const name = cutTo(`${by}:`, columns)
    return [[styled(name, 'bold'), first.slice(name.length)], ...rest.map((part) => [part])]
  })
  const shown = lines.slice(1 - rows)
  const empty: Line[] = [[styled('nothing yet: t says something', 'gray')]]
  return [heading('TALK', columns), ...(shown.length === 0 ? empty : shown)]
}

/** A text on so many columns, broken between words where that goes. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/u).flatMap((long) => pieces(long, columns))) {
    const longer = line === '' ? word : `${line} ${word}`
    if (columnsOf(longer) <= columns) {
      line = longer
      continue
    }
    lines.push(line)
    line = word
  }
  return line === '' ? lines : [...lines, line]
}

/** A word in pieces that fit. */
function pieces(word: string, columns: number): string[] {
  if (columnsOf(word) <= columns) return [word]
  const all: string[] = []
  let piece = ''
  for (const character of charactersOf(word)) {
    if (columnsOf(piece + character) > columns) {
      all.push(piece)
      piece = ''
    }
    piece += character
  }
  return [...all, piece]
}
