import { MarmaladeError, concat, ownedParts, rawId, refOf, utf8 } from '../base/index.ts'
import type { BlobId, Crypto, EntryKey, Frames, JamId, Micros, Name, PlayerId, Refusal, Ticks } from '../base/index.ts'
import type { Bars } from '../base/index.ts'
import type { Grid } from './grid.ts'
import type { JamEntry, JamItem, ParamItem, PlayItem, StopItem, TagItem } from './items.ts'
import { keyOfInstance, startsFirst, tickOf } from './items.ts'
import type { InstanceKey } from './items.ts'
import { Ledger } from './ledger.ts'
import type { Members } from './members.ts'
import { comparePublished, compareScore } from './order.ts'
import { findEnd } from './score-end.ts'
import { withinShares } from './shares.ts'
import type { InstancePath, ScorePosition } from './types.ts'

/** An entry that counts, at its place. */
export interface ScoreEntry extends ScorePosition {
  readonly item: JamItem
}
/** An entry of the jam that does not count, and why. */
export interface RefusedEntry extends Refusal {
  readonly key: EntryKey
  readonly identity: PlayerId
}
/** What forbids rendering the score as it stands. */
export interface ScoreProblem extends Refusal {
  /** The entry that causes it. */
  readonly entry?: EntryKey
}
/** An archive the score needs before a sample is rendered. */
export interface ScoreArchive {
  readonly archive: BlobId
  readonly publisher: PlayerId
  readonly generator: Name
}

/** A jam as everybody with the same entries hears it again: a pure function of their set. */
export interface Score {
  readonly jam: JamId
  readonly starter: PlayerId
  readonly name: Name
  readonly title?: string
  /** The engine its start entry names. */
  readonly engine: number
  /** Jam frame 0, as the starter's clock had it. */
  readonly origin: Micros
  readonly grid: Grid
  readonly members: Members
  /** Whose entries it is made of: everyone ever admitted, and those whose entries it begins with. */
  readonly players: ReadonlySet<PlayerId>
  /** What it was forked from, and the bar of that, from 0. */
  readonly from?: { readonly jam: JamId; readonly bar: Bars; readonly start: EntryKey }
  readonly endTick: Ticks
  /** First frame that is not in it any more; tails ring on after it. */
  readonly end: Frames
  /** What it was made from, of all that was given: what a conductor is told that plays it. */
  readonly taken: readonly JamEntry[]
  /** In score order. The set that `scoreHash` is of. */
  readonly entries: readonly ScoreEntry[]
  readonly plays: readonly PlayItem[]
  readonly stops: readonly StopItem[]
  readonly params: readonly ParamItem[]
  readonly tags: readonly TagItem[]
  readonly archives: readonly ScoreArchive[]
  /** A process generator is among the plays: the hash covers the set, the samples may differ. */
  readonly inexact: boolean
  readonly refused: readonly RefusedEntry[]
  /** Empty where the score may be rendered: SCORE_TOO_LONG, FORK_INCOMPLETE. */
  readonly problems: readonly ScoreProblem[]
}

export interface ScoreOptions {
  /** Ends it at this bar (counted from 0) at the latest, which also heals SCORE_TOO_LONG. */
  readonly to?: Bars
  /** So many of a kind of one player's entries count, where that is less than MAX_OF_PLAYER. */
  readonly most?: number
}

/** The instance a play starts, as it is written in score, state and take. */
export const pathOf = (play: PlayItem): InstancePath =>
  `${refOf(play.identity)}/${ownedParts(play.payload.generator).name}/${play.payload.instance}`

/**
 * The score of a jam (ENGINE-1 section 2). The order in which entries are given never changes it.
 * @param entries of every member's feed: what is of the jam, and `generator` entries; others are passed over. Each has
 *   been checked by its own signature.
 * @throws MarmaladeError JAM_UNKNOWN where its start is not among them
 */
export function buildScore(jam: JamId, entries: Iterable<JamEntry>, options: ScoreOptions = {}): Score {
  const refused: RefusedEntry[] = []
  const { ledger, taken } = fill(jam, entries, { most: options.most, refused })
  const { start, grid } = ledger
  if (!start) throw new MarmaladeError('JAM_UNKNOWN', `no start of ${jam} is here: follow its starter or import it`)
  const counted = sift(ledger, refused)
  const found = findEnd(ledger, counted, options.to)
  const kept = counted.filter((entry) => stands(entry, found.endTick, found.explicit, refused))
  const items = kept.map((entry) => entry.item)
  const plays = items.filter((item) => item.kind === 'play')
  const { fork } = ledger
  const lacking = fork?.lacking(counted.map(({ item }) => item))
  return {
    jam,
    starter: ledger.starter,
    name: ledger.name,
    ...(start.payload.title === undefined ? {} : { title: start.payload.title }),
    engine: start.payload.engine,
    origin: start.comparable,
    grid,
    members: ledger.members,
    players: ledger.players,
    ...(fork && { from: { jam: fork.jam, bar: fork.bar, start: fork.start } }),
    endTick: found.endTick,
    end: grid.frameOfTick(found.endTick),
    taken,
    entries: kept,
    plays,
    stops: items.filter((item) => item.kind === 'stop'),
    params: items.filter((item) => item.kind === 'param'),
    tags: items.filter((item) => item.kind === 'tag'),
    archives: archivesOf(plays),
    inexact: plays.some((play) => ledger.isProcess(play)),
    refused: refused.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)),
    problems: lacking ? [...found.problems, lacking] : found.problems,
  }
}

interface Filling {
  readonly most: number | undefined
  /** Is told what has no place in it. */
  readonly refused: RefusedEntry[]
}

/** A ledger of what each player may say, by (comparable, key): the order given does not matter. */
function fill(
  jam: JamId,
  entries: Iterable<JamEntry>,
  { most, refused }: Filling,
): { readonly ledger: Ledger; readonly taken: readonly JamEntry[] } {
  const ledger = new Ledger(jam)
  const { within, over } = withinShares(jam, entries, most)
  const refuse = ({ key, identity }: JamEntry, { code, message }: Refusal) =>
    refused.push({ key, identity, code, message })
  for (const { entry, why } of over) refuse(entry, why)
  const taken = startsFirst(within.toSorted(comparePublished)).filter((entry) => {
    const kept = ledger.add(entry)
    if (kept.kind === 'refused') refuse(entry, kept)
    return kept.kind === 'kept' || kept.kind === 'known'
  })
  return { ledger, taken }
}

/** The entries that count whatever the end is, in score order. */
function sift(ledger: Ledger, refused: RefusedEntry[]): ScoreEntry[] {
  const counted: ScoreEntry[] = []
  const stopped = new Set<InstanceKey>()
  const turnDown = (item: JamItem, { code, message }: Refusal) =>
    refused.push({ key: item.key, identity: item.identity, code, message })
  for (const item of positioned(ledger)) {
    const reason = ledger.refuse(item) ?? refuseOrphan(ledger, item, stopped)
    if (reason) {
      turnDown(item, reason)
      continue
    }
    // Others' admits make members, but are not of the score.
    if (item.kind === 'admit' && item.identity !== ledger.starter) continue
    if (item.kind === 'stop') stopped.add(keyOfInstance(ledger.targetOf(item)))
    counted.push({ at: tickOf(item, ledger.grid), comparable: item.comparable, key: item.key, item })
  }
  return counted
}

/** Items that are judged, in score order. */
function positioned(ledger: Ledger): JamItem[] {
  const { grid } = ledger
  const placed = [...ledger.items()]
    .filter((item) => item.kind !== 'generator' && item.kind !== 'join')
    .map((item) => ({ item, at: tickOf(item, grid), comparable: item.comparable, key: item.key }))
  return placed.sort(compareScore).map(({ item }) => item)
}

function refuseOrphan(ledger: Ledger, item: JamItem, stopped: ReadonlySet<InstanceKey>): Refusal | undefined {
  if (item.kind !== 'stop' && item.kind !== 'param') return undefined
  const target = ledger.targetOf(item)
  const { instance } = target
  if (!ledger.playOf(target.player, instance))
    return { code: 'INSTANCE_UNKNOWN', message: `no play that counts starts ${instance}` }
  if (item.kind === 'stop' && stopped.has(keyOfInstance(target)))
    return { code: 'STOP_LATER', message: `an earlier stop of ${instance} counts` }
  return undefined
}

/**
 * Whether a counted entry stands before the end. What sets the end stands: the starter's `end` itself, and stops at an
 * end that lengths and stops make.
 */
function stands(entry: ScoreEntry, end: Ticks, explicit: boolean, refused: RefusedEntry[]): boolean {
  const { item } = entry
  if (entry.at < end || item.kind === 'start' || item.kind === 'end') return true
  if (!explicit && (item.kind === 'stop' || item.kind === 'play')) return true
  const message = `${item.kind}: the score ends before it`
  refused.push({ key: item.key, identity: item.identity, code: 'AFTER_END', message })
  return false
}

function archivesOf(plays: readonly PlayItem[]): readonly ScoreArchive[] {
  const found = new Map<string, ScoreArchive>()
  for (const { payload } of plays) {
    const { owner, name } = ownedParts(payload.generator)
    const archive = { archive: payload.archive, publisher: owner, generator: name }
    found.set(`${payload.generator} ${payload.archive}`, archive)
  }
  return [...found.values()]
}

/**
 * The name of a score: SHA-256 over the text `marmalade/1 score`, a zero byte, and the raw 32-byte keys of the counted
 * entries in score order; 32 bytes.
 */
export function scoreHash(score: Pick<Score, 'entries'>, sha256: Crypto['sha256']): Uint8Array {
  return sha256(concat([utf8('marmalade/1 score\0'), ...score.entries.map((entry) => rawId(entry.key))]))
}
