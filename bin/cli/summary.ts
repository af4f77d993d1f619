import { TICKS_PER_BEAT, ownedParts, type JamId } from '../../lib/base/index.ts'
import { readPayload, type KnownPayload, type PayloadOf } from '../../lib/entry/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import { shortOf } from './prefix.ts'
import { bytes } from './words.ts'

/** An entry, or the original that an `again` carries. */
interface Said {
  /** Microseconds since 1970. */
  readonly comparable: number
  readonly payload: unknown
}

/** What an entry says, in a line for its author's eyes: its type and what matters of the rest. `feed --json` has all. */
export function summary(row: Said): string {
  if (typeof row.payload === 'string') return 'encrypted'
  if (typeof row.payload !== 'object' || row.payload === null) return 'unreadable'
  const read = readPayload(row as Parameters<typeof readPayload>[0])
  const { type, ...rest } = row.payload as Record<string, unknown>
  if (!('payload' in read)) return `${String(type)} ${JSON.stringify(rest)}`
  const words = wordsOf(read.payload)
  return words === '' ? String(type) : `${String(type)} ${words}`
}

function wordsOf(payload: KnownPayload): string {
  switch (payload.type) {
    case 'identification':
      return some(payload.name, payload.about, ...(payload.addresses ?? []))
    case 'follow':
    case 'block':
    case 'ignore':
      return `${shortIdOf(payload.identity)}${payload.on ? '' : ' no more'}`
    case 'generator':
      return some(payload.name, `(${bytes(payload.size)}, ${payload.runtime})`, payload.description?.about)
    case 'jam':
      return `${nameIn(payload.jam)}: ${ofJam(payload)}`
    case 'play':
      return some(
        payload.instance,
        payload.generator.endsWith(`:${payload.instance}`) ? undefined : `(${nameIn(payload.generator)})`,
        ...placed(payload),
        payload.length === undefined ? undefined : `for ${beats(payload.length)}`,
        payload.replaces === undefined ? undefined : `for ${payload.replaces}`,
        ...Object.entries(payload.params ?? {}).map(([name, value]) => `${name}=${value}`),
      )
    case 'stop':
      return some(payload.instance, ...placed(payload))
    case 'param':
      return some(
        `${payload.instance} ${payload.name}=${payload.value}`,
        ...placed(payload),
        payload.over === undefined ? undefined : `over ${beats(payload.over)}`,
      )
    case 'tag':
      return some(`${payload.name}=${payload.value}`, ...(payload.jam === undefined ? [] : placed(payload)))
    case 'public_note':
    case 'private_note':
    case 'comment':
      return payload.text
    case 'image':
      return some(payload.mime, bytes(payload.size), payload.text)
    case 'collection':
      return some(payload.title, `(${payload.blobs.length})`, payload.text)
    case 'rebase':
      return `instead of ${payload.replaces.map(shortOf).join(', ')}`
    case 'again':
      return `of ${timeOf(payload.comparable)}: ${summary(payload)}`
  }
}

function ofJam(payload: PayloadOf<'jam'>): string {
  switch (payload.action) {
    case 'start':
      return some('start', payload.title, `${payload.tempo} BPM, ${payload.meter}`)
    case 'admit':
    case 'remove':
      return `${payload.action} ${shortIdOf(payload.identity)}`
    case 'tempo':
      return `${payload.tempo} BPM from bar ${payload.bar + 1}`
    case 'meter':
      return `${payload.meter} from bar ${payload.bar + 1}`
    default:
      return payload.action
  }
}

/** A beat counts from 1 for people, as a bar does. */
const placed = ({ jam, at }: { jam: string; at: number }): string[] => [
  `in ${nameIn(jam)}`,
  `from beat ${round(at / TICKS_PER_BEAT) + 1}`,
]
const beats = (ticks: number): string => `${round(ticks / TICKS_PER_BEAT)} beats`
const round = (value: number): number => Math.round(value * 100) / 100
const nameIn = (id: string): string => ownedParts(id as JamId).name

/** Microseconds since 1970 as `2026-11-21 15:02:00`, UTC. */
export const timeOf = (micros: number): string => new Date(micros / 1_000).toISOString().slice(0, 19).replace('T', ' ')

const some = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== '').join(' ')
