import { isBlobId, isPlayerId, MarmaladeError, refOf, type BlobId, type PlayerId } from '../../lib/base/index.ts'
import type { WhatIf } from '../../lib/engine/index.ts'
import { pathOf, itemsOf, type JamEntry, type PlayItem, type Score } from '../../lib/jam/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import { returnNamed, type MixSetting, type MixTarget } from '../../lib/mix/index.ts'
import { numberOf } from './context.ts'

interface Where {
  readonly score: Score
  readonly entries: readonly JamEntry[]
}

/** What `--mute --solo --gain --replace` ask for, undefined where none does. @throws USAGE, INSTANCE_AMBIGUOUS, GENERATOR_UNKNOWN */
export function whatIfOf(options: Record<string, unknown>, where: Where): WhatIf | undefined {
  const { score } = where
  const setting = (of: unknown, what: MixSetting): WhatIf['mix'] =>
    texts(of).map((text) => ({ target: targetOf(text, score), setting: what }))
  const mix = [
    ...setting(options['mute'], { mute: true }),
    ...setting(options['solo'], { solo: true }),
    ...texts(options['gain']).map((text) => {
      const [name, value] = pair(text, '--gain', 'bass=-6')
      return { target: targetOf(name, score), setting: { gain: numberOf(value, 'the gain') } }
    }),
  ]
  const replace = texts(options['replace']).map((text) => {
    const [name, generator] = pair(text, '--replace', 'bass=drums')
    return { path: pathOf(playNamed(name, score)), archive: archiveOf(generator, where) }
  })
  return mix.length + replace.length === 0 ? undefined : { mix, replace }
}

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((text): text is string => typeof text === 'string') : []

function pair(text: string, option: string, example: string): readonly [string, string] {
  const at = text.lastIndexOf('=')
  if (at < 1) throw new MarmaladeError('USAGE', `write ${option} ${example}, not ${text}`)
  return [text.slice(0, at), text.slice(at + 1)]
}

/** `track:NAME`, `player:ID`, `return:room`, an instance, or a player where no instance is called so. */
function targetOf(text: string, score: Score): MixTarget {
  const returned = returnNamed(text)
  if (returned) return returned
  if (text.startsWith('track:')) return { kind: 'track', track: text.slice(6) }
  const bare = text.startsWith('player:') ? text.slice(7) : text
  const player = [...score.players].find((member) => isCalled(member, bare))
  if (player !== undefined) return { kind: 'player', player: refOf(player) }
  return { kind: 'instance', path: pathOf(playNamed(text, score)) }
}

const isCalled = (player: PlayerId, text: string): boolean =>
  isPlayerId(text) ? player === text : shortIdOf(player) === text

/** The play of an instance, also as `<short id>:<instance>`. */
function playNamed(text: string, { plays }: Score): PlayItem {
  const colon = text.lastIndexOf(':')
  const instance = text.slice(colon + 1)
  const by = text.slice(0, Math.max(0, colon))
  const found = plays.filter((play) => play.payload.instance === instance && (by === '' || isCalled(play.identity, by)))
  const [play, ...others] = found
  if (play && others.length === 0) return play
  const whose = found.map(({ identity }) => `${shortIdOf(identity)}:${instance}`).join(' or ')
  const known = [...new Set(plays.map(({ payload }) => payload.instance))].join(', ')
  const why = play ? `could be ${whose}: say which` : `is no instance, player or track: here play ${known}`
  throw new MarmaladeError('INSTANCE_AMBIGUOUS', `${text} ${why}`)
}

/** An archive by its id, or the newest that a member of the jam has published under a name. */
function archiveOf(text: string, { score, entries }: Where): BlobId {
  if (isBlobId(text)) return text
  const colon = text.lastIndexOf(':')
  const [by, name] = [text.slice(0, Math.max(0, colon)), text.slice(colon + 1)]
  const published = itemsOf(score.jam, entries).flatMap((item) => {
    if (item.kind !== 'generator' || item.payload.name !== name) return []
    return by === '' || isCalled(item.identity, by) ? [item] : []
  })
  const newest = published.sort((a, b) => b.comparable - a.comparable)[0]
  if (newest) return newest.payload.archive
  throw new MarmaladeError(
    'GENERATOR_UNKNOWN',
    `no member of the jam has published ${text}: name it, or its archive (&…)`,
  )
}
