import { hasCode } from '../base/index.ts'
import type { Entry, HeadPosition } from '../entry/index.ts'
import type { Store } from '../store/types.ts'
import type { ReadAhead } from './ahead.ts'
import { samplePositions } from './sample.ts'
import { MAX_LOST, RUN_ENTRY_BYTES } from './wire.ts'
import type { GossipEffect, GossipEvent, Position } from './types.ts'

type Reading = Pick<Store, 'identity' | 'has' | 'read' | 'lost' | 'readLost'>
/** A question of the core that the store answers. */
export type Question = Extract<GossipEffect, { type: 'find' | 'read' | 'sample' | 'losing' | 'lack' }>
/** An event without its time, kind by kind. */
export type Timeless<E> = E extends GossipEvent ? Omit<E, 'now'> : never
type QuestionOf<T extends Question['type']> = Extract<Question, { type: T }>

/** Looks into the store for the core. @throws what the store throws */
export async function answer(store: Reading, ahead: ReadAhead, question: Question): Promise<Timeless<GossipEvent>> {
  switch (question.type) {
    case 'find': {
      const { link, stream, turn } = question
      const at = await find(store, question)
      return { type: 'found', link, stream, turn, at }
    }
    case 'read': {
      const { link, stream, turn, goal } = question
      const entries = await (goal ? readLosing(store, { ...question, goal }) : ahead.run(question))
      return { type: 'run', link, stream, turn, entries }
    }
    case 'sample': {
      const { link, stream, identity } = question
      return { type: 'sampled', link, stream, points: await samplePositions(store, identity) }
    }
    case 'losing': {
      const heads = (await store.lost(question.identity)).slice(0, MAX_LOST)
      return { type: 'losing', link: question.link, heads: heads.map(({ comparable, key }) => ({ comparable, key })) }
    }
    case 'lack':
      return { type: 'lacking', link: question.link, positions: await lacking(store, question) }
  }
}

/** The first of the positions that lies on the feed, or on the chain that ends in the losing head asked for. */
async function find(store: Reading, { identity, positions, goal }: QuestionOf<'find'>): Promise<Position> {
  for (const position of positions) if (await store.has(identity, position, goal)) return position
  return undefined
}

/** As `ReadAhead.run`, of the chain up to a losing head. */
async function readLosing(
  store: Reading,
  { identity, after, maxBytes, goal }: QuestionOf<'read'> & { readonly goal: HeadPosition },
): Promise<Entry[]> {
  const entries: Entry[] = []
  let parent = after?.key ?? null
  let bytes = 0
  for await (const entry of losingChain(store, identity, goal, after)) {
    bytes += RUN_ENTRY_BYTES + entry.bytes.length
    if (entry.parent !== parent || bytes > maxBytes) break
    entries.push(entry)
    parent = entry.key
  }
  return entries
}

/** The chain that ends in a losing head, after a position on it: what it shares with the feed, then its own. */
async function* losingChain(
  store: Reading,
  identity: QuestionOf<'read'>['identity'],
  goal: HeadPosition,
  after: Position,
): AsyncGenerator<Entry> {
  const from = after?.comparable ?? 0
  let begun = false
  for await (const entry of store.readLost(identity, goal, from)) {
    if (!begun && entry.parent !== null && entry.parent !== after?.key)
      yield* upTo(store.read(identity, { after: from }), entry.parent)
    begun = true
    yield entry
  }
}

/** Entries up to one, that one included. */
async function* upTo(entries: AsyncIterable<Entry>, last: Entry['key']): AsyncGenerator<Entry> {
  for await (const entry of entries) {
    yield entry
    if (entry.key === last) return
  }
}

/** Those of the positions that neither the own feed nor a kept branch of it holds. */
async function lacking(store: Reading, { positions }: QuestionOf<'lack'>): Promise<HeadPosition[]> {
  const { identity } = store
  const kept = new Set((await store.lost(identity)).map(({ key }) => key))
  const lack: HeadPosition[] = []
  for (const position of positions)
    if (!kept.has(position.key) && !(await store.has(identity, position))) lack.push(position)
  return lack
}

/** Whether the store is merely closing: no fault to tell of. */
export const isClosing = (cause: unknown): boolean => hasCode(cause, 'CLOSED')
