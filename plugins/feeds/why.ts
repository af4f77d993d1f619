import { ownedParts, type JamId, type Micros, type PlayerId } from '../../lib/base/index.ts'
import type { Way } from '../../lib/players/index.ts'
import type { InterestKind } from './types.ts'

/** What a reason to keep a feed brings with it (docs/protocol.md, "Which feeds are drawn"). */
interface Rule {
  /** Entries drawn at most where there is no other reason. */
  readonly entries: number
  /** Whether its player is more than a stranger here. */
  readonly vouches: boolean
  /** Whether it is of those that tracked players share among each other; where not, only who has a part in it is served. */
  readonly open: boolean
}
const RULES: Readonly<Record<InterestKind, Rule>> = {
  own: { entries: Infinity, vouches: true, open: true },
  jam: { entries: Infinity, vouches: true, open: false },
  past: { entries: Infinity, vouches: false, open: false },
  relay: { entries: Infinity, vouches: false, open: false },
  'relay for a stranger': { entries: 4_096, vouches: false, open: false },
  request: { entries: 256, vouches: false, open: false },
}

/** What is known of a player when it is decided whether its feed is kept. */
export interface Facts {
  readonly blocked: boolean
  /** How far away by follows; undefined out of reach. */
  readonly hop: number | undefined
  /** What other parts of the node want it for. */
  readonly asked: readonly { readonly reason: string; readonly kind: InterestKind }[]
}

/** Whether a feed is kept, and all that follows from why. */
export interface Verdict {
  readonly tracked: boolean
  readonly vouches: boolean
  readonly open: boolean
  /** Entries drawn at most. */
  readonly entries: number
  /** In a word or two each: `self`, `follow`, `hop 2`, what others gave as their reason; `blocked` or `kept` where it is not drawn. */
  readonly reasons: readonly string[]
}

/** Decides over one feed: a pure function, asked by drawing, serving, roles and `feeds --why` alike. */
export function judge({ blocked, hop, asked }: Facts): Verdict {
  if (blocked) return { tracked: false, vouches: false, open: false, entries: 0, reasons: ['blocked'] }
  const rules = asked.map(({ kind }) => RULES[kind])
  const reasons = asked.map(({ reason }) => reason)
  if (hop !== undefined) {
    rules.unshift(RULES.own)
    reasons.unshift(hop === 0 ? 'self' : hop === 1 ? 'follow' : `hop ${hop}`)
  }
  return {
    tracked: rules.length > 0,
    vouches: rules.some(({ vouches }) => vouches),
    open: rules.some(({ open }) => open),
    entries: Math.max(0, ...rules.map(({ entries }) => entries)),
    reasons: rules.length > 0 ? reasons : ['kept'],
  }
}

/** One reason with all that is known of it, to be put into words. */
export type Detail =
  | { readonly kind: 'self' }
  | { readonly kind: 'way'; readonly way: Way }
  | { readonly kind: 'member'; readonly jam: JamId; readonly admitted?: { readonly by: PlayerId; readonly at: Micros } }
  | { readonly kind: 'was a member'; readonly jam: JamId }
  | { readonly kind: 'carried on'; readonly jam: JamId }
  | { readonly kind: 'asks'; readonly jam: JamId }
  | { readonly kind: 'relay'; readonly jam: JamId; readonly by: PlayerId; readonly until: Micros }
  | { readonly kind: 'blocked'; readonly since: Micros | undefined }
  | { readonly kind: 'ignored'; readonly since: Micros | undefined }
  | { readonly kind: 'other'; readonly reason: string }
  | { readonly kind: 'kept'; readonly entries: number; readonly hops: number }

type Shown = (player: PlayerId) => string

/** A reason in words for the owner of the node, about `player`. */
export function inWords(detail: Detail, self: PlayerId, shown: Shown): string {
  switch (detail.kind) {
    case 'self':
      return 'your own feed'
    case 'way':
      return wayInWords(detail.way, self, shown)
    case 'member': {
      const { admitted } = detail
      const how = admitted ? `admitted by ${who(admitted.by, self, shown)} on ${day(admitted.at)}` : 'who started it'
      return `member of the jam ${jamShown(detail.jam, shown)}, ${how}`
    }
    case 'was a member':
      return `was a member of the jam ${jamShown(detail.jam, shown)}: what was played then is still part of it`
    case 'carried on':
      return `plays in what the jam ${jamShown(detail.jam, shown)} was forked from`
    case 'asks':
      return `asked to join the jam ${jamShown(detail.jam, shown)}: \`jam admit\` lets a player in`
    case 'relay':
      return `interest in the jam ${jamShown(detail.jam, shown)} passed on by ${shown(detail.by)} until ${minute(detail.until)}`
    case 'blocked':
      return `blocked by you${since(detail.since)}: neither drawn nor served`
    case 'ignored':
      return `ignored by you${since(detail.since)}: not shown or heard here, passed on as before`
    case 'other':
      return detail.reason
    case 'kept':
      return keptInWords(detail.entries, detail.hops)
  }
}

function wayInWords({ steps, others }: Way, self: PlayerId, shown: Shown): string {
  const last = steps.at(-1)
  if (!last) return 'followed'
  const [first, ...further] = [...steps].reverse()
  if (first && further.length === 0) return `followed by you since ${day(first.since)}`
  const chain = further.map(({ follower }) => (follower === self ? 'you follow' : `${shown(follower)} follows`))
  const more = others > 0 ? `, and by ${others} more as near` : ''
  return `followed by ${shown(last.follower)} since ${day(last.since)}, whom ${chain.join(', whom ')}${more}`
}

function keptInWords(entries: number, hops: number): string {
  const near = hops === 1 ? 'you do not follow it' : `nobody within ${hops} hops of yours follows it`
  const why = `${near}, and it is in no jam that you are in`
  return entries > 0 ? `not drawn any more: ${why}; what came before is kept` : `not drawn: ${why}`
}

const who = (player: PlayerId, self: PlayerId, shown: Shown): string => (player === self ? 'you' : shown(player))
const day = (at: Micros): string => new Date(at / 1_000).toISOString().slice(0, 10)
const minute = (at: Micros): string => new Date(at / 1_000).toISOString().slice(11, 16) + ' UTC'
const since = (at: Micros | undefined): string => (at === undefined ? '' : ` since ${day(at)}`)

function jamShown(jam: JamId, shown: Shown): string {
  const { owner, name } = ownedParts(jam)
  return `${shown(owner)}:${name}`
}
